package arca.cli.policy;

import arca.cli.policy.PolicyFileException.Problem;
import arca.monitor.config.ControlPoint;
import arca.monitor.config.GuestIdentity;
import arca.monitor.config.Limits;
import arca.monitor.config.Profile;
import arca.monitor.config.Profile.OnReload;
import arca.monitor.config.Profiles;
import arca.monitor.policy.Policy;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A policy file that has no errors. A section that names the control socket of a guest holds for it; else one that names its user;
 * else one that names its group; else the default section. Immutable.
 */
public final class PolicyFile implements Profiles {
    /** The name of the section for guests that no other section selects. */
    static final String DEFAULT = "default";

    private static final long MAX_SIZE = 1 << 20; // bytes

    private final Optional<Path> file;
    private final Map<String, Profile> profiles = new LinkedHashMap<>(); // by the section's name
    private final List<Section> sections;
    private final Map<Path, Profile> bySocket = new HashMap<>();
    private final Map<Integer, Profile> byUid = new HashMap<>();
    private final Map<Integer, Profile> byGid = new HashMap<>();

    private PolicyFile(
            Optional<Path> file, Map<String, Section> sections, OnReload onReload, Policy policy, Limits limits) {
        this.file = file;
        this.sections = List.copyOf(sections.values());
        Profile flags = new Profile(Optional.empty(), policy, Optional.of(limits), Optional.empty(), onReload);
        if (sections.containsKey(DEFAULT)) profile(sections.get(DEFAULT), sections, flags);
        else profiles.put(DEFAULT, flags);
        for (Section section : sections.values()) profile(section, sections, flags);
        for (Section section : sections.values()) {
            Profile profile = profiles.get(section.name());
            section.sockets().forEach(socket -> bySocket.put(normal(socket.path()), profile));
            section.uids().forEach(uid -> byUid.put(uid, profile));
            section.gids().forEach(gid -> byGid.put(gid, profile));
        }
    }

    /** Returns the profile of a section. It is made after that of the section which it extends; the reader allows no circle. */
    private Profile profile(Section section, Map<String, Section> sections, Profile flags) {
        Profile known = profiles.get(section.name());
        if (known != null) return known;
        Profile nothing =
                new Profile(Optional.empty(), Policy.NOTHING, flags.limits(), Optional.empty(), flags.onReload());
        Profile inherited = section.label().isEmpty()
                ? flags
                : section.parent()
                        .map(name -> sections.containsKey(name) ? profile(sections.get(name), sections, flags) : flags)
                        .orElse(nothing);
        Profile made = section.profile(inherited);
        profiles.put(section.name(), made);
        return made;
    }

    /**
     * Returns what holds without a file: the default section alone.
     *
     * @param policy its rules
     * @param limits what guests may have
     * @return the same for each guest
     */
    public static PolicyFile none(Policy policy, Limits limits) {
        return new PolicyFile(Optional.empty(), Map.of(), OnReload.KEEP, policy, limits);
    }

    /**
     * Reads a file.
     *
     * @param file the file, in TOML 1.0 and UTF-8
     * @param policy rules that belong to the default section, too
     * @param limits what guests may have where the file says nothing else
     * @return the policy file
     * @throws PolicyFileException if something is wrong with what it says
     * @throws IOException if it cannot be read
     */
    public static PolicyFile read(Path file, Policy policy, Limits limits) throws PolicyFileException, IOException {
        if (Files.size(file) > MAX_SIZE) throw new IOException(file + ": is larger than 1 MiB");
        String text;
        try {
            text = Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new PolicyFileException(file, List.of(new Problem(1, 1, "the file is not UTF-8")));
        }
        return parse(file, text, policy, limits);
    }

    static PolicyFile parse(Path file, String text, Policy policy, Limits limits) throws PolicyFileException {
        PolicyReader reader = new PolicyReader(file, text);
        Map<String, Section> sections = reader.sections();
        if (!reader.problems().isEmpty()) throw new PolicyFileException(file, reader.problems());
        return new PolicyFile(Optional.of(file), sections, reader.onReload().orElse(OnReload.KEEP), policy, limits);
    }

    @Override
    public Profile of(GuestIdentity guest) {
        Profile bySocketOrUser = guest.socket()
                .map(PolicyFile::normal)
                .map(bySocket::get)
                .or(() -> Optional.ofNullable(byUid.get(guest.uid())))
                .orElseGet(() -> byGid.get(guest.gid()));
        return bySocketOrUser == null ? profiles.get(DEFAULT) : bySocketOrUser;
    }

    /** Returns what holds for the guests of a label, or of the default section; empty if there is no such section. */
    public Optional<Profile> section(String name) {
        return Optional.ofNullable(profiles.get(name));
    }

    /** Returns what a guest may have that no section but the default one selects. */
    public Limits usualLimits() {
        return profiles.get(DEFAULT).limits().orElseThrow();
    }

    /** Returns the control sockets that the sections name, in the order of the file. */
    public List<ControlPoint> sockets() {
        return sections.stream().flatMap(section -> section.sockets().stream()).toList();
    }

    static Path normal(Path path) {
        return path.toAbsolutePath().normalize();
    }

    /** Returns one line that says what the file says: {@code policy.toml: [default] 3 rules; [guest.agents] 7 rules, …}. */
    @Override
    public String toString() {
        List<String> parts = new ArrayList<>();
        profiles.forEach((name, profile) -> parts.add(words(name, profile)));
        return file.map(path -> path + ": ").orElse("") + String.join("; ", parts);
    }

    private String words(String name, Profile profile) {
        int rules = profile.policy().size();
        List<String> words = new ArrayList<>();
        words.add((name.equals(DEFAULT) ? "[default] " : "[guest." + name + "] ")
                + rules
                + (rules == 1 ? " rule" : " rules"));
        for (Section section : sections) {
            if (!section.name().equals(name)) continue;
            section.sockets().forEach(socket -> words.add("socket " + socket.path()));
            section.uids().forEach(uid -> words.add("uid " + Integer.toUnsignedString(uid)));
            section.gids().forEach(gid -> words.add("gid " + Integer.toUnsignedString(gid)));
            words.addAll(section.limits().words());
        }
        return String.join(", ", words);
    }
}
