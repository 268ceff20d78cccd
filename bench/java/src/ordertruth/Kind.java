package ordertruth;

import java.util.Arrays;
import java.util.Map;

/** The events an order's state is folded from; the order of the constants is that of their names. */
enum Kind {
    ProductOrderAccepted(Words.ACCEPTED),
    ProductOrderAmended,
    ProductOrderCancellationRefused,
    ProductOrderCancellationRequested,
    ProductOrderCancelled(Words.CANCELLED),
    ProductOrderCompleted(Words.COMPLETED),
    ProductOrderCreated(Words.DRAFT),
    ProductOrderDecomposed,
    ProductOrderDecompositionFailed,
    ProductOrderDecompositionStarted,
    ProductOrderDetailsUpdated,
    ProductOrderFailedClosed(Words.FAILED_CLOSED),
    ProductOrderFalloutRaised,
    ProductOrderFalloutResolved,
    ProductOrderItemCancelled(-1, Words.ITEM_CANCELLED),
    ProductOrderItemCompleted(-1, Words.ITEM_COMPLETED),
    ProductOrderItemFailed,
    ProductOrderItemPendingExternal(-1, Words.ITEM_PENDING_EXTERNAL),
    ProductOrderItemStarted(-1, Words.ITEM_IN_PROGRESS),
    ProductOrderRejected(Words.REJECTED),
    ProductOrderSubmitted(Words.SUBMITTED),
    ProductOrderValidated,
    ProductOrderValidationStarted(Words.VALIDATING);

    private static final Kind[] ALL = values();
    private static final Map<String, String> ALIASES = Map.of(
            "OrderCompleted", "ProductOrderCompleted",
            "OrderFulfilled", "ProductOrderCompleted",
            "OrderFalloutDetected", "ProductOrderFalloutRaised",
            "OrderEnteredFallout", "ProductOrderFalloutRaised",
            "OrderFulfillmentFailed", "ProductOrderFalloutRaised",
            "OrderCreated", "ProductOrderCreated",
            "OrderSubmitted", "ProductOrderSubmitted",
            "OrderValidated", "ProductOrderValidated",
            "OrderDecomposed", "ProductOrderDecomposed");

    /** Header state the event declares, or -1. */
    final int declares;
    /** Item state the event leads to whatever it says, or -1. */
    final int itemState;
    final byte[] text = Words.utf8(name());

    Kind() {
        this(-1, -1);
    }

    Kind(int declares) {
        this(declares, -1);
    }

    Kind(int declares, int itemState) {
        this.declares = declares;
        this.itemState = itemState;
    }

    boolean definesItems() {
        return this == ProductOrderCreated || this == ProductOrderAccepted || this == ProductOrderAmended;
    }

    boolean isAboutFallout() {
        return this == ProductOrderFalloutRaised || this == ProductOrderFalloutResolved;
    }

    boolean isAboutCancellation() {
        return this == ProductOrderCancellationRequested || this == ProductOrderCancellationRefused;
    }

    boolean isAboutItem() {
        return itemState >= 0 || this == ProductOrderItemFailed;
    }

    static Kind at(int ordinal) {
        return ALL[ordinal];
    }

    /** The kind of a record by its simple name or an alias of it; null for a record that is no event of an order. */
    static Kind named(String name) {
        String canonical = ALIASES.getOrDefault(name, name);
        return Arrays.stream(ALL).filter(kind -> kind.name().equals(canonical)).findFirst().orElse(null);
    }
}
