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
 * Bytes that PROTOCOL.md shows, with their description:
 *
 * <pre>
 * &gt; 01 0600 01000000 7f000001 901f    ListenRequest  payload_len 6  request_id 1  ipv4 127.0.0.1  port 8080
 * </pre>
 *
 * A dump has a direction, hex digits in groups, and then a description, whose parts are separated by two or more spaces. An
 * indented line continues the line before it. Anything else is an error: otherwise it would be a dump that no test reads.
 */
record Dump(
        int line, Sender sender, List<String> groups, List<MessageDescription> messages, Optional<Reason> malformed) {
    private static final Pattern LINE =
            Pattern.compile("([<>]) ((?:[0-9a-f]{2})+(?: (?:[0-9a-f]{2})+)*)(?: {2,}(.*))?");
    private static final Pattern NAME = Pattern.compile("[A-Z][A-Za-z]*");
    private static final Pattern FIELD = Pattern.compile("([a-z_0-9]+) ([0-9.]+)");
    private static final String DESCRIPTORS = "+ 2 descriptors";
    private static final String MALFORMED = "malformed: ";

    byte[] bytes() {
        return HexFormat.of().parseHex(String.join("", groups));
    }

    /** Returns the message, if the dump shows exactly one. */
    MessageDescription message() {
        if (messages.size() != 1) throw new AssertionError("one message expected: " + this);
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
        if (dumps.isEmpty()) throw new AssertionError("the dump is empty: " + block);
        return dumps;
    }

    private static Dump parse(int number, String line) {
        Matcher matcher = LINE.matcher(line);
        if (!matcher.matches()) throw notUnderstood(number, line);
        Sender sender = matcher.group(1).equals(">") ? Sender.GUEST : Sender.MONITOR;
        List<String> groups = List.of(matcher.group(2).split(" "));
        List<MessageDescription> messages = new ArrayList<>();
        Optional<Reason> malformed = Optional.empty();
        String words = matcher.group(3) == null ? "" : matcher.group(3);
        for (String word : words.isEmpty() ? new String[0] : words.split(" {2,}")) {
            Matcher field = FIELD.matcher(word);
            if (word.startsWith(MALFORMED) && messages.isEmpty()) {
                malformed = Optional.of(Reason.valueOf(word.substring(MALFORMED.length())));
            } else if (NAME.matcher(word).matches()) {
                messages.add(new MessageDescription(word, new LinkedHashMap<>(), false));
            } else if (word.equals(DESCRIPTORS) && !messages.isEmpty()) {
                MessageDescription message = messages.removeLast();
                messages.add(new MessageDescription(message.name(), message.fields(), true));
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
        return new AssertionError("line " + number + " is not a dump: " + words);
    }
}
