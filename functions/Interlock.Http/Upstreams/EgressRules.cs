using System.Net;
using System.Net.Sockets;

namespace Interlock.Http.Upstreams;

/// <summary>
/// Which addresses may be connected to. The special-purpose networks are those of the IANA registries (RFC 6890) that are not
/// globally reachable, and the ways in which an IPv6 address carries an IPv4 one.
/// </summary>
internal static class EgressRules
{
    private static readonly IPNetwork[] Private = Networks(
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fec0::/10");

    private static readonly IPNetwork[] Never = Networks(
        "0.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "::/96", "fe80::/10", "ff00::/8", "100::/64", "2001::/23", "2001:db8::/32", "64:ff9b:1::/48", "3fff::/20", "5f00::/16");

    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");

    /// <summary>Those of a name's addresses that may be connected to, in their order.</summary>
    public static IPAddress[] Allowed(EgressOptions options, string host, IEnumerable<IPAddress> found) => [.. found.Where(address => Allows(options, host, address))];

    public static bool Allows(EgressOptions options, string host, IPAddress address)
    {
        var plain = Unwrap(address);
        if (options.AllowedNetworks.Any(network => network.Contains(plain))) return true;
        if (IPAddress.IsLoopback(plain)) return options.AllowLoopback;
        if (Never.Any(network => network.Contains(plain))) return false;
        return !Private.Any(network => network.Contains(plain)) || options.AllowedHosts.Contains(host, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>The IPv4 address that an IPv4-mapped, NAT64 or 6to4 address leads to; else the address.</summary>
    private static IPAddress Unwrap(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        var bytes = address.GetAddressBytes();
        if (Nat64.Contains(address)) return new IPAddress(bytes.AsSpan(12, 4));
        if (SixToFour.Contains(address)) return new IPAddress(bytes.AsSpan(2, 4));
        return address.ScopeId == 0 ? address : new IPAddress(bytes);
    }

    private static IPNetwork[] Networks(params string[] networks) => [.. networks.Select(network => IPNetwork.Parse(network))];
}
