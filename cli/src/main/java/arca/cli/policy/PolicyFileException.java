package arca.cli.policy;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** Reports everything that is wrong with a policy file. The message has a line {@code FILE:LINE:COLUMN: …} for each. */
public final class PolicyFileException extends Exception {
    private static final long serialVersionUID = 1;

    /**
     * Something that is wrong.
     *
     * @param line where, from 1
     * @param column where in that line, from 1
     * @param text what is wrong, and what to do
     */
    public record Problem(int line, int column, String text) {}

    private final transient List<Problem> problems;

    PolicyFileException(Path file, List<Problem> problems) {
        super(problems.stream()
                .map(problem -> file + ":" + problem.line() + ":" + problem.column() + ": " + problem.text())
                .collect(Collectors.joining("\n")));
        this.problems = List.copyOf(problems);
    }

    /** Returns what is wrong, in the order of the file. */
    public List<Problem> problems() {
        return problems;
    }
}
