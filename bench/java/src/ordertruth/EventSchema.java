package ordertruth;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import ordertruth.AvroType.Tag;

/** How to read the events of one schema id: compiled once, it fills what the fold looks at and skips the rest. */
final class EventSchema {
    private static final Map<String, Integer> TEXTS = Map.of(
            "orderId", Event.ORDER_ID,
            "orderNumber", Event.ORDER_NUMBER,
            "accountId", Event.ACCOUNT_ID,
            "quoteId", Event.QUOTE_ID,
            "itemId", Event.ITEM_ID,
            "falloutId", Event.FALLOUT_ID,
            "failureCode", Event.FAILURE_CODE,
            "waitingFor", Event.WAITING_FOR);
    private static final Set<String> ALWAYS = Set.of("orderId", "orderNumber", "accountId", "version", "state");

    /** Reads or skips one field. */
    private interface Step {
        void run(Input in, Event event);
    }

    private final Kind kind;
    private final Step[] steps;
    private final String unfit;

    EventSchema(JsonNode schema) {
        String name = schema.path("name").asText();
        kind = Kind.named(name.substring(name.lastIndexOf('.') + 1));
        AvroType type = AvroType.of(schema);
        Set<String> missing = new HashSet<>(ALWAYS);
        if (kind != null) {
            missing.addAll(further(kind));
        }
        missing.removeAll(Set.of(type.names));
        unfit = kind == null ? name + " is no event of a product order." : "Missing fields: " + missing;
        steps = kind != null && missing.isEmpty() ? steps(type) : null;
    }

    /** Fill `event` from the record body that begins at `start`; throws BadRecord. */
    void read(Input in, byte[] value, int start, Event event) {
        if (steps == null) {
            throw new BadRecord(unfit);
        }
        in.reset(value, start);
        event.reset(kind, value);
        for (Step step : steps) {
            step.run(in, event);
        }
        if (in.at != in.end) {
            throw new BadRecord("Bytes are left over.");
        }
    }

    private static Step[] steps(AvroType record) {
        Step[] found = new Step[record.parts.length];
        for (int i = 0; i < found.length; i++) {
            AvroType type = record.parts[i];
            Step wanted = step(record.names[i], type);
            found[i] = wanted != null ? wanted : (in, _) -> type.skip(in);
        }
        return found;
    }

    private static Step step(String name, AvroType type) {
        Integer slot = TEXTS.get(name);
        if (slot != null) {
            return optional(type, Tag.TEXT, _ -> text(slot));
        }
        return switch (name) {
            case "version" -> optional(type, Tag.LONG, _ -> (in, event) -> event.version = in.readLong());
            case "quoteVersion" -> optional(type, Tag.LONG, _ -> (in, event) -> {
                event.hasQuoteVersion = true;
                event.quoteVersion = in.readLong();
            });
            case "state" -> optional(type, Tag.ENUM, word -> {
                int[] ordinals = ordinals(word, Words.HEADER_STATES);
                return (in, event) -> event.state = ordinal(ordinals, in);
            });
            case "repair" -> optional(type, Tag.ENUM, word -> {
                int[] ordinals = ordinals(word, Words.REPAIRS);
                return (in, event) -> event.repair = ordinal(ordinals, in);
            });
            case "itemState" -> optional(type, Tag.ENUM, word -> {
                int[] ordinals = ordinals(word, Words.ITEM_STATES);
                return (in, event) -> event.itemState = ordinal(ordinals, in);
            });
            case "items" -> optional(type, Tag.ARRAY, list -> {
                RowReader rows = new RowReader(list.parts[0]);
                return (in, event) -> event.items = rows.readAll(in);
            });
            case "itemIds" -> optional(type, Tag.ARRAY, _ -> (in, event) -> event.itemIds = ids(in));
            default -> null;
        };
    }

    private static Step text(int slot) {
        return (in, event) -> {
            in.text();
            event.from[slot] = in.from;
            event.length[slot] = in.length;
        };
    }

    /** A step for a field that is of the tag itself, or of a union of it with null. */
    private static Step optional(AvroType type, Tag tag, Function<AvroType, Step> read) {
        if (type.tag == tag) {
            return read.apply(type);
        }
        if (type.tag != Tag.UNION) {
            return (_, _) -> {
                throw new BadRecord("A field has another type than the contract gives it.");
            };
        }
        Step[] branches = Arrays.stream(type.parts)
                .map(branch -> branch.tag == Tag.NULL ? (Step) (_, _) -> { } : optional(branch, tag, read))
                .toArray(Step[]::new);
        return (in, event) -> {
            long branch = in.readLong();
            if (branch < 0 || branch >= branches.length) {
                throw new BadRecord("A union has no branch " + branch + ".");
            }
            branches[(int) branch].run(in, event);
        };
    }

    /** Ordinal in `words` of each symbol of the writer's enum, -1 for one this release does not know. */
    static int[] ordinals(AvroType word, List<String> words) {
        return Arrays.stream(word.names).mapToInt(words::indexOf).toArray();
    }

    static int ordinal(int[] ordinals, Input in) {
        long index = in.readLong();
        if (index < 0 || index >= ordinals.length || ordinals[(int) index] < 0) {
            throw new BadRecord("A word is unknown to this release.");
        }
        return ordinals[(int) index];
    }

    private static byte[][] ids(Input in) {
        List<byte[]> found = new ArrayList<>();
        for (long left = in.readLong(); left != 0; left = in.readLong()) {
            if (left < 0) {
                left = -left;
                in.readLong();
            }
            for (; left > 0; left--) {
                found.add(in.readBytes());
            }
        }
        return found.toArray(byte[][]::new);
    }

    private static Set<String> further(Kind kind) {
        if (kind.definesItems()) {
            return Set.of("items");
        }
        if (kind == Kind.ProductOrderItemFailed) {
            return Set.of("itemId", "repair");
        }
        if (kind == Kind.ProductOrderFalloutRaised) {
            return Set.of("falloutId", "repair");
        }
        if (kind == Kind.ProductOrderFalloutResolved) {
            return Set.of("falloutId");
        }
        if (kind.isAboutCancellation()) {
            return Set.of("itemIds");
        }
        return kind.isAboutItem() ? Set.of("itemId") : Set.of();
    }
}
