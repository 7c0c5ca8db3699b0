package org.tweedie.bridge;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tweedie.execution.GivenRows;
import org.tweedie.plan.GivenInputs;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.plan.Space;
import org.tweedie.plan.Steering;
import org.tweedie.score.Signature;
import org.tweedie.train.Dataset;

/**
 * Conditions y that a walk carries along unchanged and that its networks get beside x (Shi, De Bortoli, Deligiannidis and Doucet, "Conditional
 * simulation using diffusion Schrödinger bridges", UAI 2022, arXiv 2202.13460): the bridge between p(x, y) and p_ref(x | y) p(y) with y frozen is, y by
 * y, that between p(x | y) and p_ref(x | y). A plan has them as given registers with the names of the ports. Immutable.
 *
 * @param ports of the conditions, in the order in which networks take them after x; may be none
 */
public record FrozenConditions(List<Signature.Port> ports) implements Steering {
    private static final Set<String> TAKEN = Set.of(
            Dataset.X, BridgeWalk.START, BridgePairs.TARGET, "out", "noise", "first", "u", "input", "weight", "time");

    /** @throws IllegalArgumentException if a port has the name of a register of walks */
    public FrozenConditions {
        ports = List.copyOf(ports);
        for (Signature.Port port : ports) {
            if (TAKEN.contains(port.name())) {
                throw new IllegalArgumentException("a bridge's condition cannot be called '" + port.name()
                        + "', as a register of its walks is; call it y");
            }
        }
    }

    /** The conditions of a set: its ports but x. */
    public static FrozenConditions of(Dataset rows) {
        return new FrozenConditions(rows.ports().stream()
                .skip(1)
                .map(port -> new Signature.Port(port.name(), Space.euclidean(port.width())))
                .toList());
    }

    /** The inputs and the output of a network over rows of {@code width} numbers. */
    public Signature signature(int width) {
        return Signature.over(width, ports.toArray(Signature.Port[]::new));
    }

    /** The names of the ports. */
    String[] names() {
        return ports.stream().map(Signature.Port::name).toArray(String[]::new);
    }

    /**
     * The plan whose fields of both directions, and their derivatives, get the conditions.
     *
     * @throws IllegalArgumentException if a port has the name of a register of the plan's own
     */
    @Override
    public Plan steer(Plan plan) {
        for (Register register : plan.registers()) {
            if (!register.given() && List.of(names()).contains(register.name())) {
                throw new IllegalArgumentException("this plan has a register '" + register.name()
                        + "' of its own, and the bridge a condition of that name; fit it with one called y");
            }
        }
        Plan steered = plan;
        for (Direction direction : Direction.values()) {
            for (String derivative : List.of("", BridgeFlowDensity.DIVERGENCE, BridgeFlowDensity.TANGENT)) {
                steered = steer(steered, direction.spec() + derivative, "");
            }
        }
        return steered;
    }

    /** The plan whose field gets conditions from registers with {@code before} before their names. */
    Plan steer(Plan plan, String field, String before) {
        List<Register> registers = ports.stream()
                .map(port -> new Register(before + port.name(), port.space(), true))
                .toList();
        return registers.isEmpty() ? plan : new GivenInputs(field, registers).steer(plan);
    }

    /** The plan that puts out the conditions too, behind its own outputs. */
    Plan told(Plan plan) {
        int[] outputs = Arrays.copyOf(plan.outputs(), plan.outputs().length + ports.size());
        for (int i = 0; i < ports.size(); i++) {
            outputs[plan.outputs().length + i] = plan.register(ports.get(i).name());
        }
        return new Plan(plan.registers(), plan.steps(), outputs, plan.trace());
    }

    /** Rows of the set for every condition, and for the start where {@code started}, of which each sample draws one: the same row for all. */
    public Map<String, GivenRows> drawn(Dataset rows, boolean started) {
        Map<String, GivenRows> drawn = new LinkedHashMap<>();
        if (started) {
            drawn.put(
                    BridgeWalk.START,
                    GivenRows.drawn(rows.values(Dataset.X), rows.port(Dataset.X).width()));
        }
        for (Signature.Port port : ports) {
            drawn.put(
                    port.name(),
                    GivenRows.drawn(rows.values(port.name()), port.space().width()));
        }
        return drawn;
    }
}
