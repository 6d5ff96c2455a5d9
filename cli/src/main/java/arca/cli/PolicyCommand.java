package arca.cli;

import arca.bindings.RouteLookup;
import arca.bindings.SocketAddress;
import arca.bindings.Users;
import arca.cli.policy.PolicyFile;
import arca.cli.policy.PolicyFileException;
import arca.control.Endpoint;
import arca.control.IpAddress;
import arca.monitor.config.GuestIdentity;
import arca.monitor.config.Limits;
import arca.monitor.config.Profile;
import arca.monitor.observe.GuestEvent;
import arca.monitor.policy.Decision;
import arca.monitor.policy.HostName;
import arca.monitor.policy.Operation;
import arca.monitor.policy.Policy;
import arca.monitor.policy.Rule;
import arca.monitor.resolve.Resolver;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code arca policy}: checks a policy file, and tells what it decides. */
@Command(
        name = "policy",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        description = {"Checks a policy file, and tells what it decides.", ""},
        subcommands = {PolicyCommand.Check.class, PolicyCommand.Why.class},
        footerHeading = "%nExamples:%n",
        footer = {
            "  arca policy check /etc/arca/policy.toml",
            "  arca policy why /etc/arca/policy.toml --uid 1001 connect api.example.com:443",
        })
final class PolicyCommand {
    /** {@code arca policy check}. */
    @Command(
            name = "check",
            mixinStandardHelpOptions = true,
            versionProvider = Version.class,
            description = {
                "Reads a policy file as arca monitor does. Prints each error as FILE:LINE:COLUMN: and what is wrong, or "
                        + "else one line that says what the file says.",
                ""
            },
            footer = {"", "Exit status: 0 if the file has no errors, 1 if it has, 2 after a usage error."})
    static final class Check implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Parameters(paramLabel = "FILE", converter = FilePath.class, description = "The policy file.")
        private Path file;

        @Override
        public Integer call() throws PolicyFileException, IOException {
            PolicyFile policy = PolicyFile.read(file, Policy.NOTHING, Limits.DEFAULT);
            spec.commandLine().getOut().println(policy);
            return 0;
        }
    }

    /** {@code arca policy why}. */
    @Command(
            name = "why",
            mixinStandardHelpOptions = true,
            versionProvider = Version.class,
            sortOptions = false,
            description = {
                "Tells what a policy file decides on a request, which rule decides, and where it is written. A name that a "
                        + "rule allows is resolved, and each of its addresses is judged.",
                ""
            },
            footerHeading = "%nExamples:%n",
            footer = {
                "  arca policy why policy.toml connect 192.0.2.1:443",
                "  arca policy why policy.toml --guest agents connect api.example.com:443",
                "",
                "Exit status: 0 if the request is allowed, 1 if it is denied, 2 after a usage error.",
            })
    static final class Why implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Parameters(index = "0", paramLabel = "FILE", converter = FilePath.class, description = "The policy file.")
        private Path file;

        @Parameters(index = "1", paramLabel = "connect|listen", description = "What the guest asks for.")
        private Operation operation;

        @Parameters(
                index = "2",
                paramLabel = "WHERE:PORT",
                description =
                        "An address or a host name, and a port: 192.0.2.1:443, [2001:db8::1]:443, example.com:443.")
        private String where;

        @Option(
                names = "--guest",
                paramLabel = "LABEL",
                description = "Decide by the section [guest.LABEL], whoever the guest is.")
        private Optional<String> guest = Optional.empty();

        @Option(names = "--uid", paramLabel = "USER", description = "The guest's user, by name or number.")
        private Optional<String> uid = Optional.empty();

        @Option(names = "--gid", paramLabel = "GROUP", description = "The guest's group, by name or number.")
        private Optional<String> gid = Optional.empty();

        @Option(
                names = "--socket",
                paramLabel = "PATH",
                description = "The control socket to which the guest connects.")
        private Optional<Path> socket = Optional.empty();

        @Option(
                names = "--resolve",
                paramLabel = "NAME=ADDRESS",
                description = "The name has this address; DNS is not asked for it. Repeatable.")
        private List<String> resolve = List.of();

        private PrintWriter out;

        @Override
        public Integer call() throws PolicyFileException, IOException {
            out = spec.commandLine().getOut();
            Resolver resolver = PolicyOptions.resolver(spec, resolve);
            PolicyFile policy = PolicyFile.read(file, Policy.NOTHING, Limits.DEFAULT);
            Profile profile = profile(policy);
            int colon = where.lastIndexOf(':');
            if (colon < 0) throw usage("'" + where + "' has no port: write WHERE:PORT");
            Rule asked = Usage.checked(spec, "", () -> Rule.parse(where));
            if (asked.firstPort() != asked.lastPort()) throw usage("'" + where + "' must have one port");
            Optional<HostName> name = asked.hostName();
            boolean isAllowed = name.isPresent()
                    ? byName(profile, name.get(), asked.firstPort(), resolver)
                    : tell(profile, "", decide(profile, Usage.checked(spec, "", () -> Endpoint.parse(where))));
            return isAllowed ? 0 : 1;
        }

        private Profile profile(PolicyFile policy) throws IOException {
            if (guest.isPresent()) {
                return policy.section(guest.get())
                        .orElseThrow(() -> usage("'--guest': the file has no section [guest." + guest.get() + "]"));
            }
            int user = id("--uid", uid, Users::uid);
            int group = id("--gid", gid, Users::gid);
            return policy.of(new GuestIdentity(0, user, group, socket));
        }

        @FunctionalInterface
        private interface Lookup {
            OptionalInt id(String name) throws IOException;
        }

        /** Returns an id; one that no user has if there is none. */
        private int id(String option, Optional<String> text, Lookup lookup) throws IOException {
            if (text.isEmpty()) return -1;
            if (text.get().matches("[0-9]{1,10}") && Long.parseLong(text.get()) <= 0xffff_fffeL) {
                return Integer.parseUnsignedInt(text.get());
            }
            return lookup.id(text.get())
                    .orElseThrow(() -> usage("'" + option + "': the system does not know \"" + text.get() + "\""));
        }

        private boolean byName(Profile profile, HostName name, int port, Resolver resolver) throws IOException {
            if (operation == Operation.LISTEN) throw usage("a guest listens on an address, not on a host name");
            Decision decision = profile.policy().decide(name, port);
            if (!tell(profile, "", decision)) return false;
            boolean isAnyAllowed = false;
            for (InetAddress address : resolver.resolve(name.text())) {
                Endpoint endpoint = new Endpoint(IpAddress.of(address.getAddress()), port);
                isAnyAllowed |= tell(
                        profile, endpoint.address() + ": ", own(profile.policy().decide(name, endpoint), endpoint));
            }
            return isAnyAllowed;
        }

        private Decision decide(Profile profile, Endpoint endpoint) {
            return own(profile.policy().decide(operation, endpoint), endpoint);
        }

        /** Returns the decision on this host, where the policy leaves open whether the address is the host's own. */
        private static Decision own(Decision decision, Endpoint endpoint) {
            if (!(decision instanceof Decision.DeniedIfOwn open)) return decision;
            return isOwn(endpoint) ? open.denied() : new Decision.Allowed(open.rule());
        }

        private static boolean isOwn(Endpoint endpoint) {
            try (Arena arena = Arena.ofConfined()) {
                InetAddress address = InetAddress.ofLiteral(endpoint.address().toString());
                SocketAddress to = address instanceof Inet6Address ipv6
                        ? new SocketAddress.IPv6(ipv6, endpoint.port())
                        : new SocketAddress.IPv4(endpoint.ipv4(), endpoint.port());
                return new RouteLookup(arena).isLocal(to) != 0;
            }
        }

        /** Prints a decision. Returns whether it allows the request. */
        private boolean tell(Profile profile, String prefix, Decision decision) {
            switch (decision) {
                case Decision.Allowed(Rule rule) ->
                    out.println(prefix + "allowed by the rule " + rule + " (" + rule.origin() + ")");
                case Decision.Denied denied -> {
                    GuestEvent event = new GuestEvent.Denied(denied, profile.label(), profile.reason());
                    out.println(prefix + event + new EventLog(true).advice(event));
                }
                case Decision.DeniedIfOwn _ -> throw new AssertionError("decided by own()");
            }
            return decision instanceof Decision.Allowed;
        }

        private ParameterException usage(String message) {
            return new ParameterException(spec.commandLine(), message);
        }
    }
}
