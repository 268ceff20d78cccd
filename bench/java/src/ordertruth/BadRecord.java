package ordertruth;

/** A record that cannot be folded; it goes to the dead letters. */
final class BadRecord extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BadRecord(String message) {
        super(message, null, false, false);
    }
}
