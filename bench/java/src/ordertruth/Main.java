package ordertruth;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.state.Stores;

/** The order-state application on Kafka Streams; the plan on the command line is JSON. */
public final class Main {
    private static final Duration CLOSE_MAX = Duration.ofSeconds(20);

    private Main() {}

    public static void main(String[] arguments) throws Exception {
        JsonNode plan = new ObjectMapper().readTree(arguments[0]);
        KafkaStreams streams = new KafkaStreams(topology(plan), properties(plan));
        CountDownLatch stopped = new CountDownLatch(1);
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            Thread.ofPlatform().start(() -> Runtime.getRuntime().halt(1));
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            streams.close(CLOSE_MAX);
            stopped.countDown();
        }));
        streams.start();
        stopped.await();
    }

    private static Topology topology(JsonNode plan) {
        String url = plan.path("registry_url").asText();
        int schemaId = plan.path("output_schema_id").asInt();
        int emitEvery = plan.path("emit_every").asInt();
        boolean inMemory = plan.path("store").asText().equals("memory");
        LiveStoreBuilder store = new LiveStoreBuilder(
                inMemory
                        ? Stores.inMemoryKeyValueStore(OrderStateProcessor.STORE)
                        : Stores.persistentKeyValueStore(OrderStateProcessor.STORE),
                plan.path("live_max").asInt());
        Topology topology = new Topology();
        ByteArrayDeserializer bytes = new ByteArrayDeserializer();
        topology.addSource("events", bytes, bytes, plan.path("input").asText());
        topology.addProcessor(
                "fold", () -> new OrderStateProcessor(new Schemas(url), schemaId, emitEvery), "events");
        topology.addStateStore(store, "fold");
        ByteArraySerializer raw = new ByteArraySerializer();
        topology.addSink(OrderStateProcessor.STATES, plan.path("output").asText(), raw, raw, "fold");
        topology.addSink(OrderStateProcessor.DEAD_LETTERS, plan.path("dead_letters").asText(), raw, raw, "fold");
        return topology;
    }

    private static Properties properties(JsonNode plan) {
        Properties found = new Properties();
        found.put(StreamsConfig.APPLICATION_ID_CONFIG, plan.path("group").asText());
        found.put(StreamsConfig.STATE_DIR_CONFIG, plan.path("data_dir").asText());
        found.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, plan.path("guarantee").asText());
        found.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, plan.path("threads").asInt());
        found.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, plan.path("commit_ms").asLong());
        found.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        found.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 4000);
        found.put(consumer(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        found.put(consumer(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 4000);
        found.put(consumer(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG), 50);
        found.put(consumer(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG), 4 << 20);
        found.put(consumer(ConsumerConfig.RECEIVE_BUFFER_CONFIG), 1 << 20);
        found.put(producer(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
        found.put(producer(ProducerConfig.LINGER_MS_CONFIG), 5);
        found.put(producer(ProducerConfig.BATCH_SIZE_CONFIG), 256 << 10);
        found.put(producer(ProducerConfig.BUFFER_MEMORY_CONFIG), 128 << 20);
        found.put(producer(ProducerConfig.MAX_REQUEST_SIZE_CONFIG), 16 << 20);
        for (String given : new String[] {"kafka", "properties"}) {
            for (Map.Entry<String, JsonNode> entry : plan.path(given).properties()) {
                found.put(entry.getKey(), entry.getValue().asText());
            }
        }
        return found;
    }

    private static String consumer(String name) {
        return StreamsConfig.consumerPrefix(name);
    }

    private static String producer(String name) {
        return StreamsConfig.producerPrefix(name);
    }
}
