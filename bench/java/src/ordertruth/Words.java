package ordertruth;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** The closed vocabularies as ordinals, in the order the contract's enums and sorted names have them. */
final class Words {
    static final List<String> HEADER_STATES = List.of(
            "Draft", "Submitted", "Validating", "Accepted", "InProgress", "Fallout", "Cancelling",
            "PartiallyCompleted", "Completed", "Cancelled", "Rejected", "FailedClosed");
    static final int DRAFT = 0;
    static final int SUBMITTED = 1;
    static final int VALIDATING = 2;
    static final int ACCEPTED = 3;
    static final int IN_PROGRESS = 4;
    static final int FALLOUT = 5;
    static final int CANCELLING = 6;
    static final int PARTIALLY_COMPLETED = 7;
    static final int COMPLETED = 8;
    static final int CANCELLED = 9;
    static final int REJECTED = 10;
    static final int FAILED_CLOSED = 11;

    private static final List<String> TMF622_V4 = List.of(
            "acknowledged", "acknowledged", "acknowledged", "acknowledged", "inProgress", "held",
            "assessingCancellation", "partial", "completed", "cancelled", "rejected", "failed");
    static final byte[][] V4 = TMF622_V4.stream().map(Words::utf8).toArray(byte[][]::new);
    static final byte[][] V5 = V4.clone();

    static {
        V5[DRAFT] = utf8("draft");
    }

    static final List<String> ITEM_STATES = List.of(
            "NOT_STARTED", "IN_PROGRESS", "PENDING_EXTERNAL", "FALLOUT", "COMPLETED", "CANCELLING", "CANCELLED",
            "FAILED_CLOSED");
    static final int ITEM_NOT_STARTED = 0;
    static final int ITEM_IN_PROGRESS = 1;
    static final int ITEM_PENDING_EXTERNAL = 2;
    static final int ITEM_FALLOUT = 3;
    static final int ITEM_COMPLETED = 4;
    static final int ITEM_CANCELLING = 5;
    static final int ITEM_CANCELLED = 6;
    static final int ITEM_FAILED_CLOSED = 7;
    static final int ITEM_TERMINAL_SET = 1 << ITEM_COMPLETED | 1 << ITEM_CANCELLED | 1 << ITEM_FAILED_CLOSED;

    static final List<String> ACTIONS = List.of(
            "ADD", "MODIFY", "DELETE", "SUSPEND", "RESUME", "RENEW", "REPLACE", "NO_CHANGE");
    static final int ACTION_DELETE = 2;
    static final int ACTION_NO_CHANGE = 7;

    static final List<String> REPAIRS = List.of("AUTO", "HUMAN", "NONE");
    static final byte[][] REPAIR_TEXT = REPAIRS.stream().map(Words::utf8).toArray(byte[][]::new);
    static final int REPAIR_HUMAN = 1;
    /** Item state that a failure leads to, by who can mend it. */
    static final int[] REPAIR_ITEM_STATE = {ITEM_IN_PROGRESS, ITEM_FALLOUT, ITEM_FAILED_CLOSED};

    private Words() {}

    static boolean isTerminalHeader(int state) {
        return state >= PARTIALLY_COMPLETED;
    }

    static boolean isTerminalItem(int state) {
        return (ITEM_TERMINAL_SET >> state & 1) != 0;
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Order of UTF-8 bytes, which is that of code points; null comes as an empty text. */
    static int compare(byte[] one, byte[] other) {
        if (one == null || other == null) {
            return (one == null ? 0 : one.length) - (other == null ? 0 : other.length);
        }
        return Arrays.compareUnsigned(one, other);
    }
}
