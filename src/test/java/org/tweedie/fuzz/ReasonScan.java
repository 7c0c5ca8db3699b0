package org.tweedie.fuzz;

import com.sun.source.tree.AssignmentTree;
import com.sun.source.tree.BinaryTree;
import com.sun.source.tree.CaseTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.ConditionalExpressionTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.LambdaExpressionTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.MethodInvocationTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.NewClassTree;
import com.sun.source.tree.ParenthesizedTree;
import com.sun.source.tree.ReturnTree;
import com.sun.source.tree.SwitchExpressionTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreeScanner;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * Every reason to refuse that source files word: the texts given to new MalformedFileExceptions and IllegalArgumentExceptions,
 * followed through the methods that pass them on. What is not written in the source is a {@code *}; a text that is nothing else is
 * the words of another library.
 */
final class ReasonScan {
    /** A method of the sources: its parameters, what it returns, and what its variables are set to. */
    private record Method(
            MethodTree tree,
            List<String> parameters,
            List<ExpressionTree> returns,
            Map<String, List<ExpressionTree>> variables) {
        boolean text() {
            return tree.getReturnType() != null
                    && tree.getReturnType().toString().equals("String");
        }
    }

    private record Call(ExpressionTree tree, String name, List<? extends ExpressionTree> arguments, Method in) {}

    private static final Map<String, Integer> EXCEPTIONS =
            Map.of("MalformedFileException", 2, "IllegalArgumentException", 0);

    private final List<Method> methods = new ArrayList<>();
    private final List<Call> calls = new ArrayList<>();
    private final Map<String, List<ExpressionTree>> constants = new HashMap<>();

    private ReasonScan() {}

    /** @param files below src/main/java/org/tweedie */
    static List<String> of(List<String> files) throws IOException {
        ReasonScan scan = new ReasonScan();
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
            JavacTask task = (JavacTask) compiler.getTask(
                    null,
                    manager,
                    null,
                    List.of("-proc:none"),
                    null,
                    manager.getJavaFileObjectsFromPaths(files.stream()
                            .map(file -> Path.of("src/main/java/org/tweedie", file))
                            .toList()));
            for (CompilationUnitTree unit : task.parse()) {
                scan.new Collector().scan(unit, null);
            }
        }
        return scan.reasons();
    }

    private final class Collector extends TreeScanner<Void, Void> {
        private final Deque<Method> around = new ArrayDeque<>();

        @Override
        public Void visitMethod(MethodTree tree, Void unused) {
            Method method = new Method(
                    tree,
                    tree.getParameters().stream()
                            .map(p -> p.getName().toString())
                            .toList(),
                    new ArrayList<>(),
                    new HashMap<>());
            methods.add(method);
            around.push(method);
            super.visitMethod(tree, unused);
            around.pop();
            return null;
        }

        @Override
        public Void visitReturn(ReturnTree tree, Void unused) {
            if (tree.getExpression() != null && !around.isEmpty()) {
                around.peek().returns().add(tree.getExpression());
            }
            return super.visitReturn(tree, unused);
        }

        @Override
        public Void visitLambdaExpression(LambdaExpressionTree tree, Void unused) {
            return scan(tree.getBody(), unused); // its parameters are not the method's
        }

        @Override
        public Void visitVariable(VariableTree tree, Void unused) {
            if (tree.getInitializer() != null) {
                set(tree.getName().toString(), tree.getInitializer());
                if (around.isEmpty() && tree.getModifiers().getFlags().contains(Modifier.FINAL)) {
                    constants
                            .computeIfAbsent(tree.getName().toString(), name -> new ArrayList<>())
                            .add(tree.getInitializer());
                }
            }
            return super.visitVariable(tree, unused);
        }

        @Override
        public Void visitAssignment(AssignmentTree tree, Void unused) {
            set(tree.getVariable().toString(), tree.getExpression());
            return super.visitAssignment(tree, unused);
        }

        private void set(String name, ExpressionTree value) {
            if (!around.isEmpty()) {
                around.peek()
                        .variables()
                        .computeIfAbsent(name, unused -> new ArrayList<>())
                        .add(value);
            }
        }

        @Override
        public Void visitNewClass(NewClassTree tree, Void unused) {
            add(tree, tree.getIdentifier().toString(), tree.getArguments());
            return super.visitNewClass(tree, unused);
        }

        @Override
        public Void visitMethodInvocation(MethodInvocationTree tree, Void unused) {
            add(tree, called(tree), tree.getArguments());
            return super.visitMethodInvocation(tree, unused);
        }

        private void add(ExpressionTree tree, String name, List<? extends ExpressionTree> arguments) {
            if (!around.isEmpty()) {
                calls.add(new Call(tree, name, arguments, around.peek()));
            }
        }
    }

    private static String called(MethodInvocationTree tree) {
        return tree.getMethodSelect() instanceof MemberSelectTree member
                ? member.getIdentifier().toString()
                : tree.getMethodSelect().toString();
    }

    private record Passing(String name, int arguments, int position) {}

    private List<String> reasons() {
        Set<String> found = new TreeSet<>();
        Deque<Passing> open = new ArrayDeque<>();
        Set<Passing> seen = new HashSet<>();
        for (Call call : calls) {
            Integer position = call.tree() instanceof NewClassTree ? EXCEPTIONS.get(call.name()) : null;
            if (position != null && call.arguments().size() > position) {
                given(call, position, found, open);
            }
        }
        while (!open.isEmpty()) {
            Passing passing = open.pop();
            if (!seen.add(passing)) {
                continue;
            }
            for (Call call : calls) {
                if (call.tree() instanceof MethodInvocationTree
                        && call.name().equals(passing.name())
                        && call.arguments().size() == passing.arguments()) {
                    given(call, passing.position(), found, open);
                }
            }
        }
        found.remove("");
        return List.copyOf(found);
    }

    /** The argument of a call: a text, or a parameter of the method around it, whose callers then say the text. */
    private void given(Call call, int position, Set<String> found, Deque<Passing> open) {
        ExpressionTree argument = call.arguments().get(position);
        int parameter = argument instanceof IdentifierTree name
                ? call.in().parameters().indexOf(name.getName().toString())
                : -1;
        if (parameter >= 0) {
            open.push(new Passing(
                    call.in().tree().getName().toString(),
                    call.in().parameters().size(),
                    parameter));
        } else {
            found.addAll(texts(argument, call.in(), true, new HashSet<>()));
        }
    }

    /** @param whole whether the expression is the whole text, so that it is worth following into methods and variables */
    private Set<String> texts(ExpressionTree tree, Method in, boolean whole, Set<Tree> above) {
        if (!above.add(tree)) {
            return Set.of(Reasons.HOLE);
        }
        Set<String> all = new LinkedHashSet<>();
        if (tree instanceof LiteralTree literal) {
            all.add(literal.getValue() instanceof String text ? text : Reasons.HOLE);
        } else if (tree instanceof ParenthesizedTree inner) {
            all.addAll(texts(inner.getExpression(), in, whole, above));
        } else if (tree instanceof BinaryTree sum && sum.getKind() == Tree.Kind.PLUS) {
            for (String left : texts(sum.getLeftOperand(), in, false, above)) {
                for (String right : texts(sum.getRightOperand(), in, false, above)) {
                    all.add((left + right).replace("**", "*"));
                }
            }
        } else if (tree instanceof ConditionalExpressionTree either) {
            all.addAll(texts(either.getTrueExpression(), in, whole, above));
            all.addAll(texts(either.getFalseExpression(), in, whole, above));
        } else if (tree instanceof SwitchExpressionTree choice) {
            for (CaseTree one : choice.getCases()) {
                if (one.getBody() instanceof com.sun.source.tree.ExpressionStatementTree body) {
                    all.addAll(texts(body.getExpression(), in, whole, above));
                } else if (one.getBody() instanceof ExpressionTree body) {
                    all.addAll(texts(body, in, whole, above));
                }
            }
        } else if (tree instanceof MethodInvocationTree call && called(call).equals("format")) {
            String format = texts(call.getArguments().get(0), in, false, above)
                    .iterator()
                    .next();
            all.add(format.replaceAll("%[0-9,.]*[a-zA-Z]", "*"));
        } else if (tree instanceof MethodInvocationTree call && whole) {
            methods.stream()
                    .filter(method ->
                            method.text() && method.tree().getName().toString().equals(called(call)))
                    .forEach(method -> method.returns().forEach(text -> all.addAll(texts(text, method, true, above))));
        } else if (tree instanceof IdentifierTree name) {
            String variable = name.getName().toString();
            List<ExpressionTree> values = in.variables().getOrDefault(variable, List.of());
            if (values.isEmpty() && !in.parameters().contains(variable)) {
                values = constants.getOrDefault(variable, List.of());
            }
            for (ExpressionTree value : values) {
                all.addAll(texts(value, in, whole, above));
            }
        }
        above.remove(tree);
        if (!whole && all.size() > 1) {
            all.remove(Reasons.HOLE); // a variable that starts as null, say
        }
        return all.isEmpty() ? Set.of(Reasons.HOLE) : all;
    }
}
