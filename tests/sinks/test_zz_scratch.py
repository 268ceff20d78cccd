from tests.sinks.test_consumer import *
from tests.conftest import *
from tests.sinks.conftest import *
import time, random
@pytest.mark.stack
def test_stress(feed, sink, connections):
    import threading
    from confluent_kafka import Producer
    stop=threading.Event(); n=[0]; enc=[(r["orderId"].encode(), feed.encoded(r)) for r in orders(30)]
    pr=Producer({**feed.stack.kafka_config(),"transactional.id":"stress","partitioner":"murmur2_random"}); pr.init_transactions(20)
    def pub():
        while not stop.is_set():
            pr.begin_transaction()
            for k,x in enc: pr.produce(feed.table.topic,value=x,key=k)
            pr.commit_transaction(20); n[0]+=30; time.sleep(random.uniform(0,0.02))
    th=threading.Thread(target=pub)
    rounds=0; t=time.monotonic()
    with running(consumer_of(feed)):
        feed.publish(orders(30)); n[0]+=30
        th.start()
        while time.monotonic()-t < 70:
            second=consumer_of(feed)
            with running(second):
                t1=time.monotonic()
                while not second._assigned and time.monotonic()-t1<8: time.sleep(0.02)
                time.sleep(random.uniform(0,0.3))
            rounds+=1
        stop.set(); th.join()
        feed.await_caught_up(sink)
    tt=total(sink,feed)
    print("rounds",rounds,"published",n[0],tt, "LOST", n[0]-(tt.read-tt.duplicate))
    assert n[0]==tt.read-tt.duplicate
