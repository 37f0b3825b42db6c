using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Hosting;

/// <summary>The site's own address as people and browsers know it.</summary>
internal sealed class Site(WebOptions options)
{
    /// <summary><c>scheme://host[:port]</c> without a slash.</summary>
    public string Origin(HttpRequest request) =>
        options.PublicOrigin?.GetLeftPart(UriPartial.Authority) ?? $"{request.Scheme}://{request.Host.Value}";

    public bool IsSecure(HttpRequest request) => (options.PublicOrigin?.Scheme ?? request.Scheme) == "https";

    public bool ServesHost(HostString host) =>
        options.AllowedHosts.Count == 0
        || options.AllowedHosts.Contains(host.Value, StringComparer.OrdinalIgnoreCase)
        || options.AllowedHosts.Contains(host.Host, StringComparer.OrdinalIgnoreCase);
}
