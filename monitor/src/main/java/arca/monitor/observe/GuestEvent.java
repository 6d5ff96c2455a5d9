package arca.monitor.observe;

import arca.monitor.policy.Decision;
import java.time.Duration;
import java.util.Optional;

/**
 * Something that happened with a guest and that an operator may want to know. The text of each is a part of a sentence that
 * says what happened. It names no setting, because each embedder has other names for them.
 */
public sealed interface GuestEvent {
    /**
     * Returns whether an operator may have to do something.
     *
     * @return false for an event that is only information
     */
    default boolean isWarning() {
        return true;
    }

    /**
     * The policy has denied a request. Each denial of a guest is reported once.
     *
     * @param denial what was denied, and why
     * @param label the label of the guest's profile
     * @param advice what the profile says to the owner of the guest
     */
    record Denied(Decision.Denied denial, Optional<String> label, Optional<String> advice) implements GuestEvent {
        @Override
        public String toString() {
            return denial.toString();
        }
    }

    /**
     * A new policy does not allow what the guest has: live connections, handshakes or listeners.
     *
     * @param denial what is not allowed, and why
     * @param count how many of it the guest has
     * @param cut whether the monitor has ended them
     */
    record NoLongerAllowed(Decision.Denied denial, int count, boolean cut) implements GuestEvent {
        @Override
        public String toString() {
            String action = cut ? "ended" : "goes on";
            return "the new policy does not allow what the guest has: " + denial + "; "
                    + (count == 1 ? action : count + " of these: " + (cut ? action : "they go on"));
        }
    }

    /**
     * No more denials of the guest are reported.
     *
     * @param reported how many different ones were reported
     */
    record DenialsOmitted(int reported) implements GuestEvent {
        @Override
        public String toString() {
            return "was denied " + reported + " different requests; no more of its denials are reported";
        }
    }

    /**
     * The guest was not let in, because there are too many: of its user, or of all users.
     *
     * @param pid its process
     * @param uid its user, u32
     */
    record TooManyGuests(int pid, int uid) implements GuestEvent {
        @Override
        public String toString() {
            return "refused: too many guests: pid " + pid + ", uid " + Integer.toUnsignedString(uid);
        }
    }

    /**
     * The guest was not let in, because guests of its user come too often.
     *
     * @param pid its process
     * @param uid its user, u32
     */
    record TooManyStarts(int pid, int uid) implements GuestEvent {
        @Override
        public String toString() {
            return "refused: guests of this user come too often: pid " + pid + ", uid " + Integer.toUnsignedString(uid);
        }
    }

    /**
     * The guest runs as the monitor's own user or as root, so the kernel does not keep it away from the monitor. This is
     * reported once for all guests.
     *
     * @param pid its process
     * @param uid its user, u32
     * @param isOwn whether this is the monitor's own user
     */
    record PrivilegedUser(int pid, int uid, boolean isOwn) implements GuestEvent {
        @Override
        public String toString() {
            return "pid " + pid + " runs as uid " + Integer.toUnsignedString(uid)
                    + (isOwn ? ", as the monitor does" : ", which is root")
                    + ": it can end the monitor, and read and change what other guests of that user send";
        }
    }

    /**
     * A process holds the lock of a pipe, and the guest's thread in the monitor waits for that lock. Other guests are not
     * affected.
     *
     * @param pipe the pipe, as proc(5) names it; empty if it is not known
     * @param pid the process that connected
     * @param uid its user, u32
     * @param users the processes that have the pipe open, as text; empty if none is known
     * @param killing whether the monitor kills those of them that it may kill
     */
    record Wedged(Optional<String> pipe, int pid, int uid, String users, boolean killing) implements GuestEvent {
        @Override
        public String toString() {
            return "wedged: its thread waits for the lock of " + pipe.orElse("a pipe")
                    + "; the guest connected as (pid "
                    + pid + ", uid " + Integer.toUnsignedString(uid) + "); "
                    + (users.isEmpty() ? "no process is known to have it open" : "open in " + users);
        }
    }

    /**
     * The guest got smaller pipes than configured. This is reported once for all guests.
     *
     * @param size bytes of each pipe
     * @param wanted bytes that were configured
     */
    record SmallPipes(int size, int wanted) implements GuestEvent {
        @Override
        public boolean isWarning() {
            return false;
        }

        @Override
        public String toString() {
            return "pipes of " + size + " bytes, not " + wanted + ": the allowance is used up";
        }
    }

    /**
     * The guest is gone, and its connections were cut, because too many guests of its user are gone while their connections go
     * on.
     *
     * @param connections how many were cut
     */
    record OrphanCut(int connections) implements GuestEvent {
        @Override
        public String toString() {
            return "its " + connections
                    + " connections were cut: the guest is gone, and too many guests of its user are gone"
                    + " while their connections go on";
        }
    }

    /**
     * The guest had enlarged its pipes with F_SETPIPE_SZ, fcntl(2). The monitor has made them smaller again, because no memory was
     * left for the pipes of others.
     *
     * @param bytes by how many bytes
     */
    record PipesTakenBack(long bytes) implements GuestEvent {
        @Override
        public String toString() {
            return "its pipes were made smaller by " + bytes
                    + " bytes: it had enlarged them, and no memory was left for the pipes of others";
        }
    }

    /**
     * The guest was cut, because it has enlarged its pipes again, or has filled them, while no memory was left for the pipes of
     * others.
     *
     * @param bytes by how many bytes
     */
    record PipesGrown(long bytes) implements GuestEvent {
        @Override
        public String toString() {
            return "cut: it has enlarged its pipes by " + bytes
                    + " bytes, and no memory was left for the pipes of others";
        }
    }

    /**
     * The guest has closed a connection, but the peer has acknowledged nothing for the linger time, or less than 1 KiB per
     * second. So the monitor has cut the connection.
     *
     * @param connectionId the connection's id, u32
     * @param peer the peer's address, as text; empty if it is not known
     * @param linger the linger time
     * @param bytes how many bytes the peer had not acknowledged
     */
    record PeerSilent(int connectionId, Optional<String> peer, Duration linger, long bytes) implements GuestEvent {
        @Override
        public boolean isWarning() {
            return false;
        }

        @Override
        public String toString() {
            return "connection " + Integer.toUnsignedString(connectionId)
                    + peer.map(address -> " with " + address).orElse("")
                    + " was cut: the guest has closed it, and the peer has acknowledged nothing for "
                    + linger.toSeconds() + " s, or less than 1 KiB/s; " + bytes + " bytes were not acknowledged";
        }
    }
}
