package arca.monitor.ledger;

/** Whose guests share what one principal may have. */
public sealed interface PrincipalId {
    /**
     * A user.
     *
     * @param uid the user id, u32
     */
    record User(int uid) implements PrincipalId {}

    /**
     * A group of guests with a label of its own, whoever their users are.
     *
     * @param label the label
     */
    record Label(String label) implements PrincipalId {}
}
