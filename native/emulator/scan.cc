// scan — from a preprocessed kernel source to the C++ file that compiles and registers its entries.
//
//   g++ -E -P -DTWEEDIE_EMU -DTWEEDIE_EMU_SCAN x.cu | scan kernels-relative/x.cu > x.cc
//
// It works on what the preprocessor left, so entries made by macros are found too. Every __global__ must turn out to be an extern "C"
// entry; anything else is an error here, so that no kernel can lack its registration. The types of the parameters are not
// parsed: TWEEDIE_REGISTER deduces them from the function.
#include <cctype>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

namespace {


std::vector<std::string> tokens(const std::string& source) {
    std::vector<std::string> list;
    for (size_t i = 0; i < source.size();) {
        const char c = source[i];
        if (std::isspace((unsigned char)c)) {
            ++i;
        } else if (std::isalnum((unsigned char)c) || c == '_') {
            size_t end = i;
            while (end < source.size() && (std::isalnum((unsigned char)source[end]) || source[end] == '_' || source[end] == '\'')) ++end;
            list.push_back(source.substr(i, end - i));
            i = end;
        } else if (c == '"' || c == '\'') {
            size_t end = i + 1;
            while (end < source.size() && source[end] != c) end += source[end] == '\\' ? 2 : 1;
            list.push_back(source.substr(i, end + 1 - i));
            i = end + 1;
        } else {
            const size_t length = source.compare(i, 2, "::") == 0 ? 2 : 1;
            list.push_back(source.substr(i, length));
            i += length;
        }
    }
    return list;
}

// After the "(" at open: the text up to its ")", and where that is.
std::string balanced(const std::vector<std::string>& t, size_t open, size_t* close) {
    std::string text;
    int depth = 0;
    for (size_t i = open; i < t.size(); ++i) {
        if (t[i] == ")" && --depth == 0) {
            *close = i;
            return text;
        }
        if (depth > 0) text += (text.empty() ? "" : " ") + t[i];
        if (t[i] == "(") ++depth;
    }
    *close = t.size();
    return text;
}

bool identifier(const std::string& t) { return !t.empty() && (std::isalpha((unsigned char)t[0]) || t[0] == '_'); }

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        std::fprintf(stderr, "usage: scan SOURCE < preprocessed > registered\n");
        return 2;
    }
    const std::string source = arguments[1];
    const std::string text{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
    const std::vector<std::string> t = tokens(text);
    std::string registrations;
    for (size_t i = 0; i < t.size(); ++i) {
        if (t[i] == "__tweedie_bounds__" || t[i] == "__tweedie_cluster__") {
            std::fprintf(stderr, "%s: __launch_bounds__ and TWEEDIE_CLUSTER must stand behind __global__\n", source.c_str());
            return 1;
        }
        if (t[i] != "__tweedie_global__") continue;
        const bool external = i >= 2 && t[i - 1] == "\"C\"" && t[i - 2] == "extern";
        std::string bounds, name, cluster = "1";
        size_t j = i + 1;
        for (; j < t.size(); ++j) {
            if (t[j] == "__tweedie_bounds__" || t[j] == "__tweedie_cluster__" || t[j] == "__attribute__") {
                size_t close;
                const std::string inside = balanced(t, j + 1, &close);
                if (t[j] == "__tweedie_bounds__") bounds = inside;
                if (t[j] == "__tweedie_cluster__") cluster = inside;
                j = close;
            } else if (identifier(t[j]) && j + 1 < t.size() && t[j + 1] == "(") {
                name = t[j];
                break;
            } else if (t[j] != "void") {
                break;
            }
        }
        if (!external || name.empty()) {
            std::fprintf(stderr, "%s: a __global__ that is not an entry: write extern \"C\" __global__ void name(...); found near '%s'\n", source.c_str(),
                         j < t.size() ? t[j].c_str() : "the end");
            return 1;
        }
        size_t close;
        balanced(t, j + 1, &close);
        if (close + 1 < t.size() && t[close + 1] == "{") {  // a definition, not a declaration
            registrations += "TWEEDIE_REGISTER(" + name + ", \"" + source + "\", " + cluster + (bounds.empty() ? "" : ", " + bounds) + ")\n";
        }
        i = j;
    }
    // an unnamed namespace: two sources may use one name for different things, as under nvcc
    std::printf("#include \"emulator/dialect.h\"\n#include \"emulator/dialect/register.h\"\nnamespace {\n#include \"%s\"\n%s}\n", source.c_str(),
                registrations.c_str());
    return 0;
}
