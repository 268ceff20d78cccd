package ordertruth;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;

/**
 * Folds each event into its order and forwards the state of every changed order after so many events, at the latest
 * with the commit.
 */
final class OrderStateProcessor implements Processor<byte[], byte[], byte[], byte[]> {
    static final String STORE = "orders";
    static final String STATES = "states";
    static final String DEAD_LETTERS = "dead-letters";
    private static final String SIMULATED = "sim-";

    private final Schemas schemas;
    private final OrderStateWriter writer;
    private final OutputHeaders headers;
    private final int emitEvery;
    private final Blake2b hash = new Blake2b();
    private final Input in = new Input();
    private final Event event = new Event();
    private final Envelope envelope = new Envelope();
    private final View view = new View();
    private final List<LiveStore.Live> changed = new ArrayList<>();
    /** Newest recorded time of each simulated tenant. */
    private final Map<String, Long> simulated = new HashMap<>();
    private ProcessorContext<byte[], byte[]> context;
    private LiveStore store;
    private String topic;
    private int sinceEmit;

    OrderStateProcessor(Schemas schemas, int outputSchemaId, int emitEvery) {
        this.schemas = schemas;
        this.emitEvery = emitEvery;
        writer = new OrderStateWriter(outputSchemaId);
        headers = new OutputHeaders(hash);
    }

    @Override
    public void init(ProcessorContext<byte[], byte[]> processorContext) {
        context = processorContext;
        store = context.getStateStore(STORE);
        store.attach(this::emit);
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
        try {
            read(record);
        } catch (BadRecord | IndexOutOfBoundsException error) {
            deadLetter(record, error);
            return;
        }
        LiveStore.Live order = store.get(record.key());
        if (order.facts.apply(event) != Facts.Outcome.DUPLICATE) {
            order.calculatedUs = clock(record.key());
            order.timestamp = record.timestamp();
            store.touch(order);
            if (!order.changed) {
                order.changed = true;
                changed.add(order);
            }
        }
        if (++sinceEmit >= emitEvery) {
            emit();
        }
    }

    private void read(Record<byte[], byte[]> record) {
        byte[] value = record.value();
        byte[] key = record.key();
        if (key == null || key.length == 0 || value == null || value.length <= 5 || value[0] != 0) {
            throw new BadRecord("The record has no key, no value, or no schema id.");
        }
        int schemaId = value[1] << 24 | (value[2] & 0xFF) << 16 | (value[3] & 0xFF) << 8 | value[4] & 0xFF;
        schemas.get(schemaId).read(in, value, 5, event);
        envelope.read(record.headers(), key, event);
        event.requireFoldable();
        hash.begin(8);
        hash.update(value, 5, value.length - 5);
        hash.update(event.eventId, 0, event.eventId.length);
        event.contentHash = hash.end() >>> 1;
        RecordMetadata place = context.recordMetadata().orElseThrow();
        if (topic != place.topic()) {
            topic = place.topic();
            event.topic = Words.utf8(topic);
        }
        event.partition = place.partition();
        event.offset = place.offset();
    }

    /** A simulated tenant lives at the newest time its events were recorded at; every other has the wall clock. */
    private long clock(byte[] orderId) {
        if (!OutputHeaders.startsWith(orderId, SIMULATED)) {
            return System.currentTimeMillis() * 1000;
        }
        String tenant = new String(OutputHeaders.tenantOf(orderId), StandardCharsets.UTF_8);
        return simulated.merge(tenant, event.recordedUs, Math::max);
    }

    private void emit() {
        for (LiveStore.Live order : changed) {
            byte[] key = order.key.get();
            view.derive(order.facts);
            byte[] value = writer.write(key, view, order.calculatedUs);
            Headers found = headers.of(key, value, order.facts, order.calculatedUs);
            context.forward(new Record<>(key, value, order.timestamp, found), STATES);
            order.changed = false;
        }
        changed.clear();
        sinceEmit = 0;
    }

    private void deadLetter(Record<byte[], byte[]> record, RuntimeException error) {
        byte[] reason = Words.utf8(String.valueOf(error.getMessage()));
        Headers kept = new RecordHeaders(record.headers()).add("dlq_error", reason);
        context.forward(record.withHeaders(kept), DEAD_LETTERS);
    }
}
