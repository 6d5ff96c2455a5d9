package arca.cli;

import arca.cli.demo.Demo;
import java.io.Console;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.Callable;
import org.slf4j.event.Level;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code arca demo}. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = {
            "Shows it all in one go: a monitor, a guest in a process of its own, and TCP peers on loopback. It moves bytes "
                    + "both ways and checks each of them, has a connect denied, and tells what it cost.",
            "",
            "It needs nothing, and leaves nothing behind.",
            ""
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  arca demo",
            "  arca demo --size 64M",
            "",
            "Exit status: 0 if everything was as it should be, 1 if not, 2 if it was called wrongly.",
        })
final class DemoCommand implements Callable<Integer> {
    @Option(
            names = "--size",
            paramLabel = "SIZE",
            description = "What to move each way; takes K and M. Default: ${DEFAULT-VALUE}.")
    private Size size = new Size(1 << 30);

    @Override
    public Integer call() throws IOException, InterruptedException {
        Logging.start(Level.WARN);
        Console console = System.console();
        boolean terminal = console != null && console.isTerminal();
        try (Demo demo = new Demo(System.out, terminal, Math.max(size.bytes(), Long.BYTES), new EventLog())) {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> close(demo)));
            try {
                demo.run();
            } catch (IOException e) {
                if (demo.isClosed()) Shutdown.await(); // by a signal, which ends the process once all is gone
                throw e;
            }
        }
        return 0;
    }

    private static void close(Demo demo) {
        try {
            demo.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
