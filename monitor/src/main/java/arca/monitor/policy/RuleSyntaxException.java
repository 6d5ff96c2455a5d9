package arca.monitor.policy;

/** Reports a text that is not a rule. The message, one line, begins with the text. */
public final class RuleSyntaxException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    /** Where the wrong part begins. */
    private final int position;

    /**
     * Creates the exception.
     *
     * @param text the text
     * @param position where in the text the wrong part begins: 0 for the first character
     * @param why what is wrong
     */
    RuleSyntaxException(String text, int position, String why) {
        super(printable(text + ": " + why));
        this.position = position;
    }

    private static String printable(String text) {
        StringBuilder printed = new StringBuilder();
        text.chars()
                .map(c -> Character.isISOControl(c) || Character.getType(c) == Character.LINE_SEPARATOR ? '?' : c)
                .forEach(c -> printed.append((char) c));
        return printed.toString();
    }

    /**
     * Returns where the wrong part of the text begins.
     *
     * @return 0 for the first character, to the length of the text
     */
    public int position() {
        return position;
    }
}
