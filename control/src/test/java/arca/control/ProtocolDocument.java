package arca.control;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The parts of PROTOCOL.md that tests read: its fenced blocks and its tables. */
record ProtocolDocument(List<Block> blocks, List<Table> tables) {
    private static final String FENCE = "```";

    /** A fenced block: the words after the opening fence, the number of the first line, and the lines. */
    record Block(String kind, int line, List<String> lines) {
        @Override
        public String toString() {
            return kind + ", line " + line;
        }
    }

    /** A table: the last line of text before it, and its cells without backquotes. */
    record Table(String caption, List<String> head, List<List<String>> rows) {
        /** Returns the column with a head. */
        List<String> column(String name) {
            int index = head.indexOf(name);
            if (index < 0) throw new AssertionError("no column " + name + " in " + head);
            return rows.stream().map(row -> row.get(index)).toList();
        }
    }

    static ProtocolDocument read() throws IOException {
        return parse(Files.readAllLines(Path.of("..", "PROTOCOL.md")));
    }

    static ProtocolDocument parse(List<String> lines) {
        List<Block> blocks = new ArrayList<>();
        List<Table> tables = new ArrayList<>();
        String caption = "";
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            int start = i;
            if (line.startsWith(FENCE)) {
                while (!lines.get(++i).equals(FENCE)) {} // a block without a closing fence fails at the end of the list
                blocks.add(new Block(line.substring(FENCE.length()), start + 2, lines.subList(start + 1, i)));
            } else if (line.startsWith("|")) {
                while (i + 1 < lines.size() && lines.get(i + 1).startsWith("|")) i++;
                tables.add(table(caption, lines.subList(start, i + 1)));
            } else if (!line.isBlank()) {
                caption = line;
            }
        }
        return new ProtocolDocument(List.copyOf(blocks), List.copyOf(tables));
    }

    private static Table table(String caption, List<String> lines) {
        List<String> head = cells(lines.get(0));
        List<List<String>> rows =
                lines.stream().skip(2).map(ProtocolDocument::cells).toList();
        for (List<String> row : rows) {
            if (row.size() != head.size()) throw new AssertionError("a row with too few or too many cells: " + row);
        }
        return new Table(caption, head, rows);
    }

    private static List<String> cells(String line) {
        return Stream.of(line.substring(1).split("\\|"))
                .map(cell -> cell.strip().replace("`", ""))
                .toList();
    }

    /** Returns the only table with these heads. */
    Table table(String... head) {
        List<Table> found =
                tables.stream().filter(t -> t.head().equals(List.of(head))).toList();
        if (found.size() != 1) throw new AssertionError(found.size() + " tables with " + List.of(head));
        return found.getFirst();
    }

    /** Returns the only table whose caption begins with these words. */
    Table captioned(String words) {
        List<Table> found =
                tables.stream().filter(t -> t.caption().startsWith(words)).toList();
        if (found.size() != 1) throw new AssertionError(found.size() + " tables under " + words);
        return found.getFirst();
    }
}
