from tests.sinks.test_consumer import *
from tests.conftest import *
from tests.sinks.conftest import *
import time, random
@pytest.mark.stack
def test_stress(feed, sink, connections):
    n=0; v=0; bad=[]
    t=time.monotonic()
    with running(consumer_of(feed)):
        while time.monotonic()-t < 75:
            second=consumer_of(feed)
            with running(second):
                for _ in range(12):
                    v+=1; n+=30; feed.publish(orders(30, v)); time.sleep(random.uniform(0,0.05))
            feed.await_caught_up(sink)
            tt=total(sink,feed)
            if tt.read-tt.duplicate!=n:
                bad.append((v,n,tt)); n=tt.read-tt.duplicate
    print("rounds",v//12,"bad",bad)
    assert not bad
