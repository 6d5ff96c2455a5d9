package arca.monitor.guest;

import arca.control.Endpoint;
import arca.control.IpAddress;
import arca.monitor.policy.Decision;
import arca.monitor.policy.HostName;
import arca.monitor.policy.Operation;
import arca.monitor.policy.Policy;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What a policy decides on connects, as a table. The host has the addresses {@link #OWN}; every other address can be reached.
 *
 * <p>A target is an address and a port, or a host name and a port with the addresses that the name resolves to. The answer is the
 * address to which the guest is connected, or the kind of the reason why it is denied.
 */
final class PolicyTable {
    static final Set<IpAddress> OWN = Set.of(IpAddress.parse("11.0.0.7"), IpAddress.parse("2600::7"));

    private static final String ROWS = """
            allow                          | deny                | target                                  | answer
            -                              | -                   | 203.1.113.1:443                         | NO_RULE
            any                            | -                   | 203.1.113.1:443                         | 203.1.113.1
            any                            | -                   | [2600:1::1]:443                         | 2600:1::1
            any:443                        | -                   | 203.1.113.1:80                          | NO_RULE
            any:443                        | -                   | [2600:1::1]:80                          | NO_RULE
            any:443                        | -                   | [2600:1::1]:443                         | 2600:1::1
            0.0.0.0/0                      | -                   | 203.1.113.1:443                         | 203.1.113.1
            0.0.0.0/0                      | -                   | [2600:1::1]:443                         | NO_RULE
            ::/0                           | -                   | 203.1.113.1:443                         | NO_RULE
            ::/0                           | -                   | [2600:1::1]:443                         | 2600:1::1
            ::ffff:0:0/96                  | -                   | 203.1.113.1:443                         | 203.1.113.1
            ::ffff:0:0/96                  | -                   | [2600:1::1]:443                         | NO_RULE
            203.1.113.1                    | -                   | 203.1.113.1:443                         | 203.1.113.1
            203.1.113.1                    | -                   | 203.1.113.2:443                         | NO_RULE
            ::ffff:203.1.113.1             | -                   | 203.1.113.1:443                         | 203.1.113.1
            203.1.113.0/24:443             | -                   | 203.1.113.255:443                       | 203.1.113.255
            203.1.113.0/24:443             | -                   | 203.1.114.0:443                         | NO_RULE
            [2600:1::/32]:443              | -                   | [2600:1:ffff:ffff:ffff:ffff:ffff:ffff]:443 | 2600:1:ffff:ffff:ffff:ffff:ffff:ffff
            [2600:1::/32]:443              | -                   | [2600:2::]:443                          | NO_RULE
            [2600:1::/33]:443              | -                   | [2600:1:8000::]:443                     | NO_RULE
            [2600:1::/65]:443              | -                   | [2600:1::7fff:ffff:ffff:ffff]:443       | 2600:1::7fff:ffff:ffff:ffff
            [2600:1::/65]:443              | -                   | [2600:1::8000:0:0:0]:443                | NO_RULE
            2600:1::1                      | -                   | [2600:1::1]:80                          | 2600:1::1
            2600:1::1                      | -                   | [2600:1::2]:80                          | NO_RULE
            any:80-443                     | -                   | 203.1.113.1:443                         | 203.1.113.1
            any:81-443                     | -                   | 203.1.113.1:80                          | NO_RULE
            any                            | 203.1.113.0/24      | 203.1.113.1:443                         | DENY_RULE
            any                            | 203.1.113.0/24:25   | 203.1.113.1:443                         | 203.1.113.1
            203.1.113.1                    | any                 | 203.1.113.1:443                         | DENY_RULE
            any                            | any:443             | [2600:1::1]:443                         | DENY_RULE
            any                            | 2600:1::/32         | [2600:1::1]:443                         | DENY_RULE
            any                            | 2600:1::/32         | [2600:2::1]:443                         | 2600:2::1
            any                            | 0.0.0.0/0           | [2600:1::1]:443                         | 2600:1::1
            any                            | ::/0                | 203.1.113.1:443                         | 203.1.113.1
            any                            | -                   | 0.0.0.0:443                             | PROTECTED
            any                            | -                   | 10.0.0.1:443                            | PROTECTED
            any 10.0.0.0/8                 | -                   | 10.0.0.1:443                            | 10.0.0.1
            10.0.0.0/7                     | -                   | 10.0.0.1:443                            | PROTECTED
            10.1.0.0/16:443                | -                   | 10.1.2.3:443                            | 10.1.2.3
            10.1.0.0/16:443                | -                   | 10.2.0.0:443                            | NO_RULE
            any                            | -                   | 100.64.0.1:443                          | PROTECTED
            any                            | -                   | 127.0.0.1:443                           | PROTECTED
            127.0.0.0/8                    | -                   | 127.0.0.1:443                           | 127.0.0.1
            127.0.0.0/8                    | 127.0.0.1:443       | 127.0.0.2:443                           | DENY_RULE
            127.0.0.0/8                    | 127.0.0.1:80        | 127.0.0.2:443                           | 127.0.0.2
            127.0.0.0/8                    | ::1                 | 127.0.0.1:443                           | DENY_RULE
            ::1                            | 127.0.0.1           | [::1]:443                               | DENY_RULE
            ::1                            | 0.0.0.0:80          | [::1]:443                               | ::1
            any                            | -                   | 169.254.169.254:80                      | PROTECTED
            169.254.169.254:80             | -                   | 169.254.169.254:80                      | 169.254.169.254
            any                            | -                   | 172.16.0.1:443                          | PROTECTED
            any                            | -                   | 192.0.0.192:443                         | PROTECTED
            any                            | -                   | 192.0.2.1:443                           | PROTECTED
            any                            | -                   | 192.88.99.1:443                         | PROTECTED
            any                            | -                   | 192.168.1.1:443                         | PROTECTED
            192.168.0.0/16:443             | 192.168.1.0/24      | 192.168.1.1:443                         | DENY_RULE
            192.168.0.0/16:443             | 192.168.1.0/24      | 192.168.2.1:443                         | 192.168.2.1
            any                            | -                   | 198.18.0.1:443                          | PROTECTED
            any                            | -                   | 198.51.100.1:443                        | PROTECTED
            any                            | -                   | 203.0.113.1:443                         | PROTECTED
            any                            | -                   | 168.63.129.16:80                        | PROTECTED
            any                            | -                   | 224.0.0.1:443                           | PROTECTED
            any                            | -                   | 240.0.0.1:443                           | PROTECTED
            any                            | -                   | 255.255.255.255:443                     | PROTECTED
            any                            | -                   | 203.1.113.1:0                           | PROTECTED
            any                            | -                   | [::]:443                                | PROTECTED
            any                            | -                   | [::1]:443                               | PROTECTED
            ::1                            | -                   | [::1]:443                               | ::1
            [::1]:80                       | -                   | [::1]:443                               | NO_RULE
            ::/64                          | -                   | [::1]:443                               | PROTECTED
            any                            | -                   | [::2]:443                               | PROTECTED
            any                            | -                   | [::7f00:1]:443                          | PROTECTED
            any                            | -                   | [::ffff:0:7f00:1]:443                   | PROTECTED
            any                            | -                   | [::ffff:127.0.0.1]:443                  | PROTECTED
            127.0.0.1:443                  | -                   | [::ffff:127.0.0.1]:443                  | 127.0.0.1
            any                            | -                   | [::ffff:10.0.0.1]:443                   | PROTECTED
            any                            | -                   | [::ffff:203.1.113.1]:443                | 203.1.113.1
            any                            | -                   | [fe80::1]:443                           | PROTECTED
            any                            | -                   | [febf:ffff::1]:443                      | PROTECTED
            any                            | -                   | [fec0::1]:443                           | PROTECTED
            any                            | -                   | [feff::1]:443                           | PROTECTED
            any                            | -                   | [fc00::1]:443                           | PROTECTED
            any                            | -                   | [fdff:ffff::1]:443                      | PROTECTED
            any                            | -                   | [fd00:ec2::254]:80                      | PROTECTED
            any fd00::/8                   | -                   | [fd00:ec2::254]:80                      | fd00:ec2::254
            fd00::/8                       | fd00:ec2::254       | [fd00:ec2::254]:80                      | DENY_RULE
            any                            | -                   | [fbff::1]:443                           | fbff::1
            any                            | -                   | [ff02::1]:443                           | PROTECTED
            any                            | -                   | [64:ff9b::10.0.0.1]:443                 | PROTECTED
            any                            | -                   | [64:ff9b::127.0.0.1]:443                | PROTECTED
            any                            | -                   | [64:ff9b::169.254.169.254]:80           | PROTECTED
            any                            | -                   | [64:ff9b::203.1.113.1]:443              | 64:ff9b::cb01:7101
            203.1.113.1                    | -                   | [64:ff9b::203.1.113.1]:443              | NO_RULE
            any 10.0.0.0/8                 | -                   | [64:ff9b::10.0.0.1]:443                 | PROTECTED
            64:ff9b::/96                   | -                   | [64:ff9b::10.0.0.1]:443                 | PROTECTED
            64:ff9b::10.0.0.0/104          | -                   | [64:ff9b::10.0.0.1]:443                 | 64:ff9b::a00:1
            64:ff9b::10.0.0.1              | -                   | [64:ff9b::10.0.0.1]:443                 | 64:ff9b::a00:1
            any                            | 203.1.113.0/24      | [64:ff9b::203.1.113.1]:443              | DENY_RULE
            any                            | 203.1.113.0/24      | [64:ff9b::203.1.114.1]:443              | 64:ff9b::cb01:7201
            any                            | -                   | [64:ff9b:1::10.0.0.1]:443               | PROTECTED
            any                            | -                   | [64:ff9b:1::203.1.113.1]:443            | 64:ff9b:1::cb01:7101
            any                            | -                   | [64:ff9b:1:a00:0:100::]:443             | PROTECTED
            64:ff9b:1::/48                 | -                   | [64:ff9b:1:a00:0:100::]:443             | 64:ff9b:1:a00:0:100::
            any                            | -                   | [64:ff9b:0:1::a00:1]:443                | 64:ff9b:0:1::a00:1
            any                            | -                   | [2002:a00:1::]:443                      | PROTECTED
            any                            | -                   | [2002:7f00:1::1]:443                    | PROTECTED
            any                            | -                   | [2002:cb01:7101::1]:443                 | 2002:cb01:7101::1
            2002:a00::/24                  | -                   | [2002:a00:1::1]:443                     | 2002:a00:1::1
            2002::/16                      | -                   | [2002:a00:1::1]:443                     | PROTECTED
            any                            | 203.1.113.1:443     | [2002:cb01:7101::1]:443                 | DENY_RULE
            any                            | -                   | [2001::f5ff:fffe]:443                   | PROTECTED
            any                            | -                   | [2001::80ff:fffe]:443                   | PROTECTED
            any                            | -                   | [2001::34fe:8efe]:443                   | 2001::34fe:8efe
            any                            | 203.1.113.1         | [2001::34fe:8efe]:443                   | DENY_RULE
            any                            | -                   | 11.0.0.7:443                            | PROTECTED
            11.0.0.0/24                    | -                   | 11.0.0.7:443                            | PROTECTED
            11.0.0.7                       | -                   | 11.0.0.7:443                            | 11.0.0.7
            any                            | -                   | [2600::7]:443                           | PROTECTED
            2600::/64                      | -                   | [2600::7]:443                           | PROTECTED
            2600::7                        | -                   | [2600::7]:443                           | 2600::7
            any                            | -                   | [64:ff9b::11.0.0.7]:443                 | PROTECTED
            any                            | -                   | api.example.com:443=203.1.113.1         | NO_RULE
            api.example.com                | -                   | api.example.com:443=203.1.113.1         | 203.1.113.1
            api.example.com:443            | -                   | api.example.com:80=203.1.113.1          | NO_RULE
            API.Example.com.:443           | -                   | api.example.com:443=203.1.113.1         | 203.1.113.1
            api.example.com:443            | -                   | API.EXAMPLE.COM.:443=203.1.113.1        | 203.1.113.1
            api.example.com:443            | -                   | x.api.example.com:443=203.1.113.1       | NO_RULE
            api.example.com:443            | -                   | xapi.example.com:443=203.1.113.1        | NO_RULE
            api.example.com:443            | -                   | 203.1.113.1:443                         | NO_RULE
            *.example.com                  | -                   | a.example.com:443=203.1.113.1           | 203.1.113.1
            *.example.com                  | -                   | a.b.example.com:443=203.1.113.1         | 203.1.113.1
            *.example.com                  | -                   | example.com:443=203.1.113.1             | NO_RULE
            *.example.com                  | -                   | badexample.com:443=203.1.113.1          | NO_RULE
            *.example.com                  | a.example.com       | a.example.com:443=203.1.113.1           | DENY_RULE
            *.example.com                  | *.b.example.com     | a.b.example.com:443=203.1.113.1         | DENY_RULE
            *.example.com                  | *.b.example.com     | b.example.com:443=203.1.113.1           | 203.1.113.1
            xn--bcher-kva.example          | -                   | b\u00fccher.example:443=203.1.113.1          | 203.1.113.1
            a.example                      | 203.1.113.0/24      | a.example:443=203.1.113.1               | DENY_RULE
            a.example                      | any                 | a.example:443=203.1.113.1               | DENY_RULE
            a.example                      | -                   | a.example:443=10.0.0.1                  | RESOLVES_TO_PROTECTED
            a.example any                  | -                   | a.example:443=10.0.0.1                  | RESOLVES_TO_PROTECTED
            a.example 10.0.0.0/8           | -                   | a.example:443=10.0.0.1                  | 10.0.0.1
            a.example 10.0.0.0/8:80        | -                   | a.example:443=10.0.0.1                  | RESOLVES_TO_PROTECTED
            a.example                      | -                   | a.example:443=127.0.0.1                 | RESOLVES_TO_PROTECTED
            a.example 127.0.0.1            | -                   | a.example:443=127.0.0.1                 | 127.0.0.1
            a.example                      | -                   | a.example:443=::1                       | RESOLVES_TO_PROTECTED
            a.example                      | -                   | a.example:443=::ffff:127.0.0.1          | RESOLVES_TO_PROTECTED
            a.example                      | -                   | a.example:443=64:ff9b::10.0.0.1         | RESOLVES_TO_PROTECTED
            a.example                      | -                   | a.example:443=64:ff9b::203.1.113.1      | 64:ff9b::cb01:7101
            a.example                      | -                   | a.example:443=2002:a00:1::1             | RESOLVES_TO_PROTECTED
            a.example                      | -                   | a.example:443=2001::f5ff:fffe           | RESOLVES_TO_PROTECTED
            a.example                      | -                   | a.example:443=169.254.169.254           | RESOLVES_TO_PROTECTED
            a.example                      | -                   | a.example:443=fd00:ec2::254             | RESOLVES_TO_PROTECTED
            a.example                      | -                   | a.example:443=11.0.0.7                  | RESOLVES_TO_PROTECTED
            a.example                      | -                   | a.example:443=2600::7                   | RESOLVES_TO_PROTECTED
            a.example 11.0.0.7             | -                   | a.example:443=11.0.0.7                  | 11.0.0.7
            a.example                      | -                   | a.example:443=10.0.0.1,203.1.113.1      | 203.1.113.1
            a.example                      | -                   | a.example:443=203.1.113.1,10.0.0.1      | 203.1.113.1
            a.example                      | -                   | a.example:443=203.1.113.1,2600:1::1,203.1.113.2 | 203.1.113.1
            a.example                      | 203.1.113.1         | a.example:443=203.1.113.1,2600:1::1,203.1.113.2 | 2600:1::1
            a.example                      | -                   | a.example:443=10.0.0.1,::1,::ffff:127.0.0.1 | RESOLVES_TO_PROTECTED
            a.example                      | -                   | a.example:0=203.1.113.1                 | RESOLVES_TO_PROTECTED
            """;

    private PolicyTable() {}

    /**
     * A row.
     *
     * @param name the host name of the target; empty for an address
     * @param to the address of the target, or the addresses of its name; each with the port
     */
    record Row(Policy policy, Optional<HostName> name, List<Endpoint> to, String answer, String text) {
        /** Returns what the policy decides on the host of this table. */
        String decide() {
            if (name.isEmpty()) return answer(policy.decide(Operation.CONNECT, to.getFirst()), to.getFirst());
            if (policy.decide(name.get(), port()) instanceof Decision.Denied denied) {
                return denied.reason().kind().toString();
            }
            List<String> answers = to.stream()
                    .map(address -> answer(policy.decide(name.get(), address), address))
                    .toList();
            // Names have no upper-case letters, and addresses have none, either.
            return answers.stream()
                    .filter(each -> !each.matches("[A-Z_]+"))
                    .findFirst()
                    .orElse(answers.getFirst());
        }

        private static String answer(Decision decision, Endpoint to) {
            return switch (decision) {
                case Decision.Allowed _ -> to.address().toString();
                case Decision.Denied denied -> denied.reason().kind().toString();
                case Decision.DeniedIfOwn open ->
                    isOwn(to.address())
                            ? open.denied().reason().kind().toString()
                            : to.address().toString();
            };
        }

        private static boolean isOwn(IpAddress address) {
            return OWN.contains(address)
                    || Policy.ipv4Inside(address).filter(OWN::contains).isPresent();
        }

        int port() {
            return to.getFirst().port();
        }

        boolean isDenied() {
            return answer.matches("[A-Z_]+");
        }

        @Override
        public String toString() {
            return text;
        }
    }

    static Stream<Row> rows() {
        return ROWS.lines().skip(1).map(PolicyTable::row);
    }

    private static Row row(String line) {
        String[] cells = line.split("\\|");
        Policy policy = Policy.NOTHING.allowConnect(rules(cells[0])).denyConnect(rules(cells[1]));
        String target = cells[2].strip();
        String answer = cells[3].strip();
        String text = line.replaceAll(" +", " ").strip();
        int equals = target.indexOf('=');
        if (equals < 0) return new Row(policy, Optional.empty(), List.of(Endpoint.parse(target)), answer, text);
        int colon = target.indexOf(':');
        int port = Integer.parseInt(target.substring(colon + 1, equals));
        List<Endpoint> to = Stream.of(target.substring(equals + 1).split(","))
                .map(address -> new Endpoint(IpAddress.parse(address), port))
                .toList();
        return new Row(policy, Optional.of(HostName.parse(target.substring(0, colon))), to, answer, text);
    }

    private static String[] rules(String cell) {
        String words = cell.strip();
        return words.equals("-") ? new String[0] : words.split(" ");
    }
}
