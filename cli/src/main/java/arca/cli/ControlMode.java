package arca.cli;

import arca.cli.policy.SocketAccess;
import picocli.CommandLine.TypeConversionException;

/** Permissions on the command line, in octal as chmod(1) takes them. */
record ControlMode(int bits) {
    static ControlMode parse(String text) {
        try {
            return new ControlMode(SocketAccess.mode(text));
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    @Override
    public String toString() {
        return String.format("%04o", bits);
    }
}
