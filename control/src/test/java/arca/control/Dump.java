package arca.control;

import arca.control.MessageType.Sender;
import arca.control.ProtocolDocument.Block;
import arca.control.ProtocolException.Reason;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Bytes that PROTOCOL.md shows, and what it says they are:
 *
 * <pre>
 * &gt; 01 0600 01000000 7f000001 901f    ListenRequest  payload_len 6  request_id 1  ipv4 127.0.0.1  port 8080
 * </pre>
 *
 * A direction, hex digits in groups, then words between which there are two spaces or more. An indented line goes on with
 * the one before. Whatever is written otherwise is an error, for it would be a dump that no test reads.
 */
record Dump(int line, Sender sender, List<String> groups, List<Said> messages, Optional<Reason> malformed) {
    private static final Pattern LINE =
            Pattern.compile("([<>]) ((?:[0-9a-f]{2})+(?: (?:[0-9a-f]{2})+)*)(?: {2,}(.*))?");
    private static final Pattern NAME = Pattern.compile("[A-Z][A-Za-z]*");
    private static final Pattern FIELD = Pattern.compile("([a-z_0-9]+) ([0-9.]+)");
    private static final String DESCRIPTORS = "+ 2 descriptors";
    private static final String MALFORMED = "malformed: ";

    byte[] bytes() {
        return HexFormat.of().parseHex(String.join("", groups));
    }

    /** The only message it shows. */
    Said message() {
        if (messages.size() != 1) throw new AssertionError("not one message: " + this);
        return messages.getFirst();
    }

    static List<Dump> of(Block block) {
        List<String> joined = new ArrayList<>();
        List<Integer> numbers = new ArrayList<>();
        for (int i = 0; i < block.lines().size(); i++) {
            String line = block.lines().get(i);
            if (line.startsWith(" ") && !joined.isEmpty()) {
                joined.add(joined.removeLast() + "  " + line.strip());
            } else {
                joined.add(line);
                numbers.add(block.line() + i);
            }
        }
        List<Dump> dumps = new ArrayList<>();
        for (int i = 0; i < joined.size(); i++) dumps.add(parse(numbers.get(i), joined.get(i)));
        if (dumps.isEmpty()) throw new AssertionError("an empty dump: " + block);
        return dumps;
    }

    private static Dump parse(int number, String line) {
        Matcher matcher = LINE.matcher(line);
        if (!matcher.matches()) throw notUnderstood(number, line);
        Sender sender = matcher.group(1).equals(">") ? Sender.GUEST : Sender.MONITOR;
        List<String> groups = List.of(matcher.group(2).split(" "));
        List<Said> messages = new ArrayList<>();
        Optional<Reason> malformed = Optional.empty();
        String words = matcher.group(3) == null ? "" : matcher.group(3);
        for (String word : words.isEmpty() ? new String[0] : words.split(" {2,}")) {
            Matcher field = FIELD.matcher(word);
            if (word.startsWith(MALFORMED) && messages.isEmpty()) {
                malformed = Optional.of(Reason.valueOf(word.substring(MALFORMED.length())));
            } else if (NAME.matcher(word).matches()) {
                messages.add(new Said(word, new LinkedHashMap<>(), false));
            } else if (word.equals(DESCRIPTORS) && !messages.isEmpty()) {
                Said said = messages.removeLast();
                messages.add(new Said(said.name(), said.fields(), true));
            } else if (field.matches() && !messages.isEmpty()) {
                Map<String, String> fields = messages.getLast().fields();
                if (fields.put(field.group(1), field.group(2)) != null) throw notUnderstood(number, word);
            } else {
                throw notUnderstood(number, word);
            }
        }
        return new Dump(number, sender, groups, List.copyOf(messages), malformed);
    }

    private static AssertionError notUnderstood(int number, String words) {
        return new AssertionError("line " + number + " is no dump: " + words);
    }
}
