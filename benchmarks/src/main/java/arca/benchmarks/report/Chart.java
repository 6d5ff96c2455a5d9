package arca.benchmarks.report;

import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler.LegendPosition;

/** A line chart with two logarithmic axes, saved as SVG. */
final class Chart {
    private final XYChart chart;

    Chart(String title, String x, String y) {
        chart = new XYChartBuilder()
                .width(760)
                .height(440)
                .title(title)
                .xAxisTitle(x)
                .yAxisTitle(y)
                .build();
        chart.getStyler()
                .setXAxisLogarithmic(true)
                .setYAxisLogarithmic(true)
                .setYAxisDecimalPattern("#,##0.###")
                .setXAxisDecimalPattern("#,##0")
                .setChartBackgroundColor(Color.WHITE)
                .setLegendPosition(LegendPosition.OutsideE);
    }

    /** Adds a line through the points of some results; adds nothing if there are no results. */
    <T> Chart line(String name, List<T> results, ToDoubleFunction<T> x, ToDoubleFunction<T> y) {
        if (results.isEmpty()) return this;
        chart.addSeries(
                name,
                results.stream().mapToDouble(x).toArray(),
                results.stream().mapToDouble(y).toArray());
        return this;
    }

    boolean isEmpty() {
        return chart.getSeriesMap().isEmpty();
    }

    /** Saves the chart. Coordinates are cut to hundredths of a pixel: with the library's twelve digits the file is large. */
    void save(Path file) throws IOException {
        ByteArrayOutputStream svg = new ByteArrayOutputStream();
        VectorGraphicsEncoder.saveVectorGraphic(chart, svg, VectorGraphicsFormat.SVG);
        Files.writeString(
                file,
                svg.toString(StandardCharsets.UTF_8)
                        .replaceAll("(\\.[0-9]{2})[0-9]+", "$1")
                        .replaceAll("\n +", "\n"));
    }
}
