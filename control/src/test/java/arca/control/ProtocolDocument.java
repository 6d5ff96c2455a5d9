package arca.control;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** PROTOCOL.md as far as tests read it: its fenced blocks and its tables. */
record ProtocolDocument(List<Block> blocks, List<Table> tables) {
    private static final String FENCE = "```";

    /** A fenced block: the words behind its fence, where its first line is, and its lines. */
    record Block(String kind, int line, List<String> lines) {
        @Override
        public String toString() {
            return kind + ", line " + line;
        }
    }

    /** A table: the last words before it, and its cells without the backquotes. */
    record Table(String caption, List<String> head, List<List<String>> rows) {
        /** One column, found by its head. */
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
                while (!lines.get(++i).equals(FENCE)) {} // past the end where nobody closes it: that fails too
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
            if (row.size() != head.size()) throw new AssertionError("a row of another width: " + row);
        }
        return new Table(caption, head, rows);
    }

    private static List<String> cells(String line) {
        return Stream.of(line.substring(1).split("\\|"))
                .map(cell -> cell.strip().replace("`", ""))
                .toList();
    }

    /** The one table with these heads. */
    Table table(String... head) {
        List<Table> found =
                tables.stream().filter(t -> t.head().equals(List.of(head))).toList();
        if (found.size() != 1) throw new AssertionError(found.size() + " tables with " + List.of(head));
        return found.getFirst();
    }

    /** The table whose caption begins so. */
    Table captioned(String words) {
        List<Table> found =
                tables.stream().filter(t -> t.caption().startsWith(words)).toList();
        if (found.size() != 1) throw new AssertionError(found.size() + " tables under " + words);
        return found.getFirst();
    }
}
