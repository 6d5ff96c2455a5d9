package arca.monitor;

import arca.monitor.config.MonitorConfig;
import arca.monitor.config.MonitorConfig.Readiness;
import arca.monitor.config.MonitorConfig.RelayMode;
import arca.monitor.policy.Policy;
import java.time.Duration;

/** The ways in which a monitor can work. Guests and peers see no difference. */
enum Variant {
    EPOLL_SPLICE(Readiness.EPOLL, RelayMode.SPLICE),
    EPOLL_COPY(Readiness.EPOLL, RelayMode.COPY),
    POLL_SPLICE(Readiness.POLL, RelayMode.SPLICE),
    POLL_COPY(Readiness.POLL, RelayMode.COPY);

    private final Readiness readiness;
    private final RelayMode relay;

    Variant(Readiness readiness, RelayMode relay) {
        this.readiness = readiness;
        this.relay = relay;
    }

    /** Returns a configuration that allows connects to loopback and listens everywhere. Its timeouts are long. */
    MonitorConfig config() {
        return MonitorConfig.builder()
                .connectTimeout(Duration.ofHours(1))
                .drain(Duration.ofHours(1))
                .readiness(readiness)
                .relay(relay)
                .policy(Policy.NOTHING.allowConnect("127.0.0.0/8").allowListen("any"))
                .build();
    }
}
