package arca.monitor.config;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.util.Optional;

/**
 * Who may connect to a control socket, which takes write permission for its file: unix(7), "Pathname socket ownership and
 * permissions". The umask of the process does not count.
 *
 * @param mode the file's permissions, as chmod(2) takes them: 0660 is the owner and the group
 * @param group the file's group; empty for the one that the system gives it
 */
public record ControlAccess(int mode, Optional<GroupPrincipal> group) {
    /** The monitor's own user alone. */
    public static final ControlAccess OWNER = new ControlAccess(0600, Optional.empty());

    private static final int PERMISSIONS = 0777;

    /** Refuses bits that are not permissions, with an IllegalArgumentException. */
    public ControlAccess {
        if ((mode & ~PERMISSIONS) != 0) {
            throw new IllegalArgumentException("a mode is 0 to 777 in octal, not " + Integer.toOctalString(mode));
        }
    }

    /**
     * Gives a file this group and mode. The path is not a symbolic link, and nobody else can make it one.
     *
     * @param file the file
     * @throws IOException if the group or the mode cannot be set; the message says why
     */
    public void applyTo(Path file) throws IOException {
        if (group.isPresent()) giveTo(group.get(), file);
        Files.setAttribute(file, "unix:mode", mode); // after the group: until now the umask has taken some away
    }

    private static void giveTo(GroupPrincipal group, Path file) throws IOException {
        try {
            Files.getFileAttributeView(file, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                    .setGroup(group);
        } catch (FileSystemException e) {
            throw new IOException(
                    file + ": cannot be given to the group " + group.getName() + ": only root, or a user who is in that"
                            + " group, can do that",
                    e);
        }
    }
}
