package arca.cli.policy;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.attribute.GroupPrincipal;
import java.util.Optional;
import java.util.regex.Pattern;

/** Who may connect to a control socket, as people write it: in options and in the policy file. */
public final class SocketAccess {
    private static final Pattern OCTAL = Pattern.compile("0?[0-7]{1,3}");
    private static final int OWNER = 0600;
    private static final int OWNER_AND_GROUP = 0660;

    private SocketAccess() {}

    /**
     * Parses permissions.
     *
     * @param text octal, as chmod(1) takes them: {@code 0660}
     * @return the bits
     * @throws IllegalArgumentException if the text is anything else
     */
    public static int mode(String text) {
        if (OCTAL.matcher(text).matches()) return Integer.parseInt(text, 8);
        throw new IllegalArgumentException("\"" + text + "\" is not an octal mode, such as 0660");
    }

    /**
     * Returns the permissions where none are given.
     *
     * @param group the socket's group; empty if none is given
     * @return 0660 with a group, else 0600
     */
    public static int usualMode(Optional<GroupPrincipal> group) {
        return group.isPresent() ? OWNER_AND_GROUP : OWNER;
    }

    /**
     * Finds a group.
     *
     * @param text its name or its number
     * @return the group
     * @throws IllegalArgumentException if there is no such group
     */
    public static GroupPrincipal group(String text) {
        try {
            // The JDK takes -1 for a number, and to chown(2) it means no change.
            if (!text.startsWith("-")) {
                return FileSystems.getDefault().getUserPrincipalLookupService().lookupPrincipalByGroupName(text);
            }
        } catch (IOException e) {
            // Reported below, as a wrong number is.
        }
        throw new IllegalArgumentException("there is no group \"" + text + "\"");
    }
}
