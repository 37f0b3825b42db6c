using System.Net;

namespace Interlock.Http.Upstreams.Credentials;

/// <summary>
/// Puts a registration's credential on each request of one connection, where it leaves. A 401 is asked again once with a fresh token; what the server says in
/// <c>WWW-Authenticate</c> is not read: nothing that it names is ever asked.
/// </summary>
internal sealed class CredentialHandler(ICredential credential, HttpMessageHandler egress) : DelegatingHandler(egress)
{
    /// <summary>The caller's own token, for a request that is made for a caller.</summary>
    public static HttpRequestOptionsKey<string> Caller { get; } = new("interlock.caller");

    /// <summary>The caller's token for requests without one of their own, while a connection is being made for a call.</summary>
    public string? Connecting { get; set; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var caller = request.Options.TryGetValue(Caller, out var token) ? token : Connecting;
        var refused = await AuthorizeAsync(request, caller, null, cancellationToken);
        var response = await base.SendAsync(request, cancellationToken);
        if (response.StatusCode != HttpStatusCode.Unauthorized || !credential.CanRenew) return response;
        response.Dispose();
        (request.Content as OneShotContent)?.Withdraw();
        await AuthorizeAsync(request, caller, refused, cancellationToken);
        return await base.SendAsync(request, cancellationToken);
    }

    private async Task<string> AuthorizeAsync(HttpRequestMessage request, string? caller, string? refused, CancellationToken ct)
    {
        var (name, value) = await credential.HeaderAsync(caller, refused, ct);
        request.Headers.Remove(name);
        request.Headers.TryAddWithoutValidation(name, value);
        return value;
    }
}
