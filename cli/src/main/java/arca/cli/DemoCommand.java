package arca.cli;

import arca.cli.demo.Demo;
import java.io.Console;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.Callable;
import org.slf4j.event.Level;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code arca demo}: shows what the monitor does. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = {
            "Shows what the monitor does. It starts a monitor, a guest in its own process, and TCP peers on loopback. It "
                    + "sends data in both directions, checks every byte, shows a denied connect, and prints what the "
                    + "transfers cost.",
            "",
            "It needs no preparation, and removes everything that it creates.",
            ""
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  arca demo",
            "  arca demo --size 64M",
            "",
            "Exit status: 0 if everything worked, 1 after a failure, 2 after a usage error.",
        })
final class DemoCommand implements Callable<Integer> {
    @Option(
            names = "--size",
            paramLabel = "SIZE",
            description = "How much to send in each direction, as in 64M or 512K. Default: ${DEFAULT-VALUE}.")
    private Size size = new Size(1 << 30);

    @Override
    public Integer call() throws IOException, InterruptedException {
        Logging.start(Level.WARN);
        Console console = System.console();
        boolean terminal = console != null && console.isTerminal();
        try (Demo demo = new Demo(System.out, terminal, Math.max(size.bytes(), Long.BYTES), new EventLog(false))) {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> close(demo)));
            try {
                demo.run();
            } catch (IOException e) {
                if (demo.isClosed()) Shutdown.await(); // by a signal: the process ends when the shutdown hook is done
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
