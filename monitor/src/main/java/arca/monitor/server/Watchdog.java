package arca.monitor.server;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.monitor.config.GuestIdentity;
import arca.monitor.config.MonitorConfig;
import arca.monitor.observe.GuestEvent;
import arca.monitor.reactor.LastCall;
import arca.monitor.server.ThreadState.Where;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds threads of the monitor that are stuck because a process holds the lock of a pipe. Every call on the other end of that
 * pipe then blocks in state D, and not even SIGKILL ends it.
 *
 * <p>The watchdog takes a thread for wedged if it was in the same call at two looks, in state D, and the kernel names a
 * function that sleeps in that state only for the lock of a pipe. If the kernel names no function, the watchdog logs its
 * suspicion and does nothing. It touches no descriptor of a guest. While there are no guests, it does not wake.
 */
public final class Watchdog implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);
    private static final long LOOK_MILLIS = 250;
    private static final int MOST_NAMED = 8; // processes that a line names
    private static final int LONGEST_FILE = 1024; // bytes; a stat file has about 50 numbers

    private final Guests guests;
    private final MonitorConfig.Wedge wedge;
    private final Heartbeat heartbeat = new Heartbeat();
    private final DescriptorReserve spare;
    private final Map<GuestThread, Sightings> seen = new HashMap<>();
    private final Set<GuestThread> hidden = new HashSet<>(); // the log says that the kernel does not permit a look

    /**
     * Creates a watchdog for a thread of its own, which {@link Guests#close} ends.
     *
     * @param spare a reserve for searching processes; the watchdog owns it
     */
    public Watchdog(Guests guests, MonitorConfig.Wedge wedge, DescriptorReserve spare) {
        this.guests = guests;
        this.wedge = wedge;
        this.spare = spare;
    }

    @Override
    public void run() {
        try (Arena arena = Arena.ofConfined();
                spare) {
            MemorySegment buffer = arena.allocate(LONGEST_FILE);
            while (awaitLook()) look(buffer);
        }
        heartbeat.waits(); // has ended as it should
    }

    private boolean awaitLook() {
        heartbeat.waits();
        boolean next = guests.awaitLook(LOOK_MILLIS);
        heartbeat.works();
        return next;
    }

    public Heartbeat heartbeat() {
        return heartbeat;
    }

    private void look(MemorySegment buffer) {
        Collection<GuestThread> live = guests.live();
        seen.keySet().retainAll(live);
        hidden.retainAll(live);
        for (GuestThread guest : live) {
            try {
                guest.inKernel()
                        .ifPresent(thread ->
                                look(guest, thread, seen.computeIfAbsent(guest, _ -> new Sightings()), buffer));
            } catch (RuntimeException e) {
                LOG.error("{}: the watchdog failed", guest.name(), e);
            }
        }
    }

    private void look(GuestThread guest, GuestThread.InKernel thread, Sightings sightings, MemorySegment buffer) {
        long call = thread.lastCall().number();
        Optional<Where> where =
                thread.reactor().isWaiting() ? Optional.of(Where.FREE) : where(guest, thread.state(), buffer);
        if (where.isEmpty()) return;
        if (sightings.note(call, where.get())) guest.log().warn(() -> "runs again");
        if (!sightings.isDue()) return;
        boolean soon = false;
        if (where.get() == Where.PIPE_LOCK) soon = report(guest, thread.lastCall(), call);
        else suspect(guest);
        sightings.reported(soon);
    }

    /** Returns where a thread is; empty if the kernel does not permit the look, which is logged once. */
    private Optional<Where> where(GuestThread guest, ThreadState state, MemorySegment buffer) {
        try {
            Where where = state.look(buffer);
            hidden.remove(guest);
            return Optional.of(where);
        } catch (ErrnoException e) {
            if (hidden.add(guest)) {
                guest.log().warn(() -> "the monitor cannot find out whether its thread is stuck: " + e.getMessage());
            }
            return Optional.empty();
        }
    }

    private void suspect(GuestThread guest) {
        guest.log()
                .warn(() ->
                        "its thread has not returned from the kernel, which does not say what it waits for: perhaps a pipe whose lock the"
                                + " guest holds (" + who(guest) + "), or this machine's memory or disks");
    }

    /** Reports a wedge, and kills if that is configured. Returns whether the thread should run again soon. */
    private boolean report(GuestThread guest, LastCall last, long call) {
        Optional<String> pipe = pipe(last, call);
        List<PipeUser> users = pipe.isPresent() ? users(guest, pipe.get()) : List.of();
        boolean killing = wedge == MonitorConfig.Wedge.KILL;
        GuestIdentity who = guest.who();
        guest.log().report(new GuestEvent.Wedged(pipe, who.pid(), who.uid(), some(users), killing));
        return killing && kill(guest, pipe.orElse(""), users);
    }

    private static String who(GuestThread guest) {
        return "(pid " + guest.who().pid() + ", uid "
                + Integer.toUnsignedString(guest.who().uid()) + ")";
    }

    /** Joins the first of some words. A guest could make any number of them. */
    private static String some(List<?> words) {
        String first = words.stream().limit(MOST_NAMED).map(Object::toString).collect(Collectors.joining("; "));
        return words.size() <= MOST_NAMED ? first : first + "; and " + (words.size() - MOST_NAMED) + " more";
    }

    /**
     * Returns the pipe that a call is on, as proc(5) names it. Only the loop closes its descriptors. So if no other call has
     * begun meanwhile, the link is that of the call's own descriptor.
     */
    private static Optional<String> pipe(LastCall last, long call) {
        Optional<String> pipe = last.closing() > 0 ? Optional.of("pipe:[" + last.closing() + "]") : link(last.first());
        if (pipe.isEmpty()) pipe = link(last.second());
        return last.number() == call ? pipe : Optional.empty();
    }

    /** Returns what a descriptor of this process refers to, if that is a pipe. It takes no lock and needs no descriptor. */
    private static Optional<String> link(int descriptor) {
        if (descriptor < 0) return Optional.empty();
        try {
            return Optional.of(Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor))
                            .toString())
                    .filter(target -> target.startsWith("pipe:["));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private List<PipeUser> users(GuestThread guest, String pipe) {
        spare.giveUp();
        try {
            return PipeUser.of(pipe);
        } catch (IOException e) {
            guest.log()
                    .warn(() ->
                            "the monitor cannot find out which processes have " + pipe + " open: " + e.getMessage());
            return List.of();
        } finally {
            spare.takeBack();
        }
    }

    /** Kills those that it may kill, and logs which. Returns whether there was any. */
    private boolean kill(GuestThread guest, String pipe, List<PipeUser> users) {
        List<PipeUser> killed = new ArrayList<>();
        List<String> spared = new ArrayList<>();
        boolean tried = false;
        spare.giveUp();
        for (PipeUser user : users) {
            Optional<String> reason = user.spared(guest.who().uid());
            if (reason.isEmpty()) {
                tried = true;
                int n = user.kill(pipe);
                if (n < 0) reason = Optional.of(Errno.describe(-n));
                else killed.add(user);
            }
            reason.ifPresent(why -> spared.add(user + ": " + why));
        }
        spare.takeBack();
        if (!killed.isEmpty()) guest.log().warn(() -> "killed " + some(killed));
        if (!spared.isEmpty()) guest.log().warn(() -> "not killed: " + some(spared));
        return tried;
    }
}
