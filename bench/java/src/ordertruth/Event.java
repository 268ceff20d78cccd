package ordertruth;

import java.util.Arrays;

/** One event as the fold sees it; one object is filled again for each record, texts stay in the record's bytes. */
final class Event {
    static final int ORDER_ID = 0;
    static final int ORDER_NUMBER = 1;
    static final int ACCOUNT_ID = 2;
    static final int QUOTE_ID = 3;
    static final int ITEM_ID = 4;
    static final int FALLOUT_ID = 5;
    static final int FAILURE_CODE = 6;
    static final int WAITING_FOR = 7;
    private static final int TEXTS = 8;
    private static final int NULL = -1;

    Kind kind;
    byte[] bytes;
    final int[] from = new int[TEXTS];
    final int[] length = new int[TEXTS];
    long version;
    boolean hasQuoteVersion;
    long quoteVersion;
    int state;
    int repair;
    int itemState;
    Row[] items;
    byte[][] itemIds;

    byte[] eventId;
    long timeUs;
    long recordedUs;
    long contentHash;
    byte[] topic;
    int partition;
    long offset;

    /** One line of an order as its definition has it; `action` is an ordinal. */
    record Row(byte[] itemId, int action, byte[] parentItemId, byte[] offeringId, byte[] productInstanceId) {}

    void reset(Kind kind, byte[] bytes) {
        this.kind = kind;
        this.bytes = bytes;
        Arrays.fill(length, NULL);
        version = 0;
        hasQuoteVersion = false;
        quoteVersion = 0;
        state = repair = itemState = -1;
        items = null;
        itemIds = null;
    }

    /** Throws BadRecord for an event the fold could not take in. */
    void requireFoldable() {
        boolean isFoldable = has(ORDER_NUMBER) && has(ACCOUNT_ID) && state >= 0
                && (!kind.definesItems() || items != null)
                && (!kind.isAboutItem() || has(ITEM_ID))
                && (!kind.isAboutFallout() || has(FALLOUT_ID))
                && (!kind.isAboutCancellation() || itemIds != null)
                && (repair >= 0 || kind != Kind.ProductOrderItemFailed && kind != Kind.ProductOrderFalloutRaised);
        if (!isFoldable || version < 1 || !hasTenant()) {
            throw new BadRecord("A " + kind + " lacks something the fold needs.");
        }
    }

    /** Whether the order's id begins with a tenant and a colon. */
    private boolean hasTenant() {
        int start = from[ORDER_ID];
        for (int i = start; i < start + length[ORDER_ID]; i++) {
            if (bytes[i] == ':') {
                return i > start;
            }
        }
        return false;
    }

    boolean has(int slot) {
        return length[slot] != NULL;
    }

    boolean is(int slot, byte[] text) {
        return text == null
                ? length[slot] == NULL
                : Arrays.equals(bytes, from[slot], from[slot] + Math.max(length[slot], 0), text, 0, text.length)
                        && length[slot] != NULL;
    }

    /** A text as bytes of its own, `known` itself when it says the same. */
    byte[] text(int slot, byte[] known) {
        if (length[slot] == NULL) {
            return null;
        }
        if (known != null && is(slot, known)) {
            return known;
        }
        return Arrays.copyOfRange(bytes, from[slot], from[slot] + length[slot]);
    }
}
