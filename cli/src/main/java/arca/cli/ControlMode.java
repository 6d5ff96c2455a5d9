package arca.cli;

import java.util.regex.Pattern;
import picocli.CommandLine.TypeConversionException;

/** Permissions on the command line, in octal as chmod(1) takes them. */
record ControlMode(int bits) {
    private static final Pattern OCTAL = Pattern.compile("0?[0-7]{1,3}");

    static ControlMode parse(String text) {
        if (OCTAL.matcher(text).matches()) return new ControlMode(Integer.parseInt(text, 8));
        throw new TypeConversionException("\"" + text + "\" is not an octal mode, such as 0660");
    }

    @Override
    public String toString() {
        return String.format("%04o", bits);
    }
}
