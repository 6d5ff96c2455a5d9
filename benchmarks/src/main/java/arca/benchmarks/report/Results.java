package arca.benchmarks.report;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;

/** The results of a run, as JMH wrote them. */
final class Results {
    static final String FILE = "results.json";

    /**
     * The result of one benchmark with one set of parameters.
     *
     * @param name the class and the method
     * @param score the mean, in nanoseconds per operation
     * @param error half of JMH's 99.9 % confidence interval of the score; NaN if there are too few iterations
     * @param percentiles the percentiles of single operations, if they were sampled
     * @param more the figures of the profilers, by name
     */
    record Result(
            String name,
            Map<String, String> parameters,
            double score,
            double error,
            Map<Double, Double> percentiles,
            Map<String, Double> more) {
        String parameter(String parameter) {
            return parameters.get(parameter);
        }

        int number(String parameter) {
            return Integer.parseInt(parameter(parameter));
        }

        /** Returns the CPU time per operation in nanoseconds; NaN if no iteration could measure it. */
        double cpu() {
            return more.getOrDefault("cpu.time.norm", Double.NaN);
        }

        double bytes() {
            return more.getOrDefault("gc.alloc.rate.norm", Double.NaN);
        }
    }

    private final List<Result> all;

    private Results(List<Result> all) {
        this.all = all;
    }

    static Results of(String json) {
        List<Result> all = new ArrayList<>();
        for (JsonElement element : JsonParser.parseString(json).getAsJsonArray())
            all.add(result(element.getAsJsonObject()));
        return new Results(all);
    }

    private static Result result(JsonObject json) {
        String name = json.get("benchmark").getAsString();
        Map<String, String> parameters = new TreeMap<>();
        if (json.has("params")) {
            json.getAsJsonObject("params")
                    .entrySet()
                    .forEach(p -> parameters.put(p.getKey(), p.getValue().getAsString()));
        }
        JsonObject primary = json.getAsJsonObject("primaryMetric");
        Map<Double, Double> percentiles = new TreeMap<>();
        if (json.get("mode").getAsString().equals("sample")) {
            primary.getAsJsonObject("scorePercentiles")
                    .entrySet()
                    .forEach(p -> percentiles.put(
                            Double.valueOf(p.getKey()), p.getValue().getAsDouble()));
        }
        Map<String, Double> more = new TreeMap<>();
        json.getAsJsonObject("secondaryMetrics")
                .entrySet()
                .forEach(m -> more.put(
                        m.getKey(), m.getValue().getAsJsonObject().get("score").getAsDouble()));
        String method = name.substring(name.lastIndexOf('.', name.lastIndexOf('.') - 1) + 1);
        return new Result(
                method,
                parameters,
                primary.get("score").getAsDouble(),
                primary.get("scoreError").getAsDouble(), // Gson reads JMH's "NaN" as a number
                percentiles,
                more);
    }

    /** Returns the results of a class, or of one of its methods. */
    List<Result> of(String prefix, Predicate<Result> which) {
        return all.stream()
                .filter(result -> result.name().startsWith(prefix) && which.test(result))
                .toList();
    }

    Optional<Result> one(String name, Predicate<Result> which) {
        return of(name, which).stream().findFirst();
    }
}
