package ordertruth;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.StateStoreContext;
import org.apache.kafka.streams.processor.internals.InternalProcessorContext;
import org.apache.kafka.streams.processor.internals.ProcessorNode;
import org.apache.kafka.streams.processor.internals.ProcessorRecordContext;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.internals.WrappedStateStore;

/**
 * A store of bytes with the orders in work before it as objects: the record cache of Kafka Streams, without a decoding
 * and an encoding for each event.
 *
 * <p>Kafka Streams calls `flushCache` on a caching store before every commit, whatever caused it, and that is where
 * changed orders are written through and their outputs leave. A timer of the processor would not do: a commit of a
 * rebalance or shutdown would pass it by and lose what it still held.
 */
final class LiveStore extends WrappedStateStore<KeyValueStore<Bytes, byte[]>, Bytes, byte[]> {
    /** An order in work. */
    static final class Live {
        final Bytes key;
        final Facts facts;
        long calculatedUs;
        long timestamp;
        boolean changed;
        private boolean dirty;

        Live(Bytes key, Facts facts) {
            this.key = key;
            this.facts = facts;
        }
    }

    private final FactsCodec codec = new FactsCodec();
    private final int liveMax;
    private final LinkedHashMap<Bytes, Live> live = new LinkedHashMap<>(1024, 0.75f, true);
    private final List<Live> dirty = new ArrayList<>();
    private InternalProcessorContext<?, ?> context;
    private ProcessorNode<?, ?, ?, ?> node;
    private ProcessorRecordContext lastRecord;
    private Runnable emit;

    LiveStore(KeyValueStore<Bytes, byte[]> inner, int liveMax) {
        super(inner);
        this.liveMax = liveMax;
    }

    @Override
    public void init(StateStoreContext storeContext, StateStore root) {
        context = (InternalProcessorContext<?, ?>) storeContext;
        wrapped().init(storeContext, root);
    }

    /** Called by the processor when it starts: `emit` forwards the outputs of all changed orders. */
    void attach(Runnable emitter) {
        emit = emitter;
        node = context.currentNode();
    }

    Live get(byte[] key) {
        Bytes wanted = Bytes.wrap(key);
        Live found = live.get(wanted);
        if (found == null) {
            byte[] stored = wrapped().get(wanted);
            found = new Live(wanted, stored == null ? new Facts() : codec.read(stored));
            live.put(wanted, found);
        }
        return found;
    }

    /** The order's facts were changed by the record in process. */
    void touch(Live order) {
        lastRecord = context.recordContext();
        if (!order.dirty) {
            order.dirty = true;
            dirty.add(order);
        }
    }

    @Override
    public void flushCache() {
        if (dirty.isEmpty()) {
            return;
        }
        ProcessorNode<?, ?, ?, ?> nodeBefore = context.currentNode();
        ProcessorRecordContext recordBefore = context.recordContext();
        context.setCurrentNode(node);
        context.setRecordContext(lastRecord);
        try {
            emit.run();
            for (Live order : dirty) {
                wrapped().put(order.key, codec.write(order.facts));
                order.dirty = false;
            }
            dirty.clear();
        } finally {
            context.setCurrentNode(nodeBefore);
            context.setRecordContext(recordBefore);
        }
        evict();
    }

    private void evict() {
        var oldest = live.entrySet().iterator();
        while (live.size() > liveMax) {
            oldest.next();
            oldest.remove();
        }
    }

    @Override
    public void clearCache() {
        live.clear();
        dirty.clear();
    }
}
