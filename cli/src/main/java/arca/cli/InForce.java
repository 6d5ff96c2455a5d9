package arca.cli;

import arca.cli.policy.PolicyFile;
import arca.monitor.config.ControlAccess;
import arca.monitor.config.ControlPoint;
import arca.monitor.config.Limits;
import java.nio.file.attribute.GroupPrincipal;
import java.util.List;
import java.util.stream.Collectors;

/** Says in one line what is in force: control sockets, sections with their rules, and limits. */
final class InForce {
    private InForce() {}

    static String line(List<ControlPoint> sockets, PolicyFile policy) {
        Limits limits = policy.usualLimits();
        return "in force: " + sockets.stream().map(InForce::words).collect(Collectors.joining(", ")) + "; " + policy
                + "; limits of a guest: connections " + limits.connections() + ", listeners " + limits.listeners()
                + ", waiting accepts " + limits.waitingAccepts() + ", connecting " + limits.connecting();
    }

    private static String words(ControlPoint point) {
        ControlAccess access = point.access();
        return point.path() + " (mode " + String.format("%04o", access.mode())
                + access.group()
                        .map(GroupPrincipal::getName)
                        .map(name -> ", group " + name)
                        .orElse("") + ")";
    }
}
