package arca.cli;

import arca.cli.policy.PolicyFile;
import arca.cli.policy.PolicyFileException;
import arca.monitor.config.Limits;
import arca.monitor.policy.HostName;
import arca.monitor.policy.Policy;
import arca.monitor.policy.Rule;
import arca.monitor.resolve.FixedResolver;
import arca.monitor.resolve.Resolver;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options that say where guests may connect and listen. */
final class PolicyOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--allow-connect",
            paramLabel = "RULE",
            description = "Guests may connect to these addresses and ports. Repeatable.")
    private String[] allowConnect = {};

    @Option(
            names = "--deny-connect",
            paramLabel = "RULE",
            description =
                    "Guests may not connect to these addresses and ports, even if another rule allows it. A RULE for an "
                            + "address of loopback denies its ports on all of loopback. Repeatable.")
    private String[] denyConnect = {};

    @Option(
            names = "--allow-listen",
            paramLabel = "RULE",
            description = "Guests may listen on these addresses and ports. Repeatable.")
    private String[] allowListen = {};

    @Option(
            names = "--deny-listen",
            paramLabel = "RULE",
            description =
                    "Guests may not listen on these addresses and ports, even if another rule allows it. Repeatable.")
    private String[] denyListen = {};

    @Option(
            names = "--policy",
            paramLabel = "FILE",
            converter = FilePath.class,
            description =
                    "A policy file in TOML, with sections for users, groups and control sockets. Rules of the command line "
                            + "are added to its section [default]. SIGHUP makes the monitor read it again. See arca policy.")
    private Optional<Path> policyFile = Optional.empty();

    @Option(
            names = "--resolve",
            paramLabel = "NAME=ADDRESS",
            description = "The host name has this address; the system's resolver is not asked for it. Repeatable.")
    private List<String> resolve = List.of();

    /** Returns the policy file. */
    Optional<Path> file() {
        return policyFile;
    }

    /** Returns the rules of the command line. */
    Policy rules() {
        Policy policy = Policy.NOTHING;
        for (String rule : allowConnect) policy = policy.allowConnect(rules("--allow-connect", rule));
        for (String rule : denyConnect) policy = policy.denyConnect(rules("--deny-connect", rule));
        for (String rule : allowListen) policy = policy.allowListen(listenRules("--allow-listen", rule));
        for (String rule : denyListen) policy = policy.denyListen(listenRules("--deny-listen", rule));
        return policy;
    }

    private List<Rule> rules(String option, String text) {
        return List.of(Usage.checked(spec, option + " ", () -> Rule.parse(text, option)));
    }

    private List<Rule> listenRules(String option, String text) {
        return List.of(Usage.checked(spec, option + " ", () -> {
            Rule rule = Rule.parse(text, option);
            Policy.checkListen(rule);
            return rule;
        }));
    }

    /**
     * Reads the policy file, with the rules of the command line in its default section. Without a file, there is only that section.
     *
     * @param limits what guests may have where the file says nothing else
     */
    PolicyFile read(Limits limits) throws PolicyFileException, IOException {
        if (policyFile.isEmpty()) return PolicyFile.none(rules(), limits);
        return PolicyFile.read(policyFile.get(), rules(), limits);
    }

    Resolver resolver() {
        return resolver(spec, resolve);
    }

    /** Returns the resolver of this host, after the names that {@code --resolve} gives addresses. */
    static Resolver resolver(CommandSpec spec, List<String> entries) {
        if (entries.isEmpty()) return Resolver.SYSTEM;
        return Usage.checked(
                spec,
                "--resolve: ",
                () -> FixedResolver.parse(entries, name -> HostName.parse(name).text(), Resolver.SYSTEM));
    }
}
