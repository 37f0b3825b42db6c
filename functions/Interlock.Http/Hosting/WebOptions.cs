namespace Interlock.Http.Hosting;

/// <summary>Names, limits and lists of the HTTP faces. Checked when the pipeline is built.</summary>
public sealed record WebOptions
{
    /// <summary>This machine's own names, for <see cref="AllowedHosts"/>.</summary>
    public static IReadOnlyCollection<string> LoopbackHosts { get; } = ["localhost", "127.0.0.1", "[::1]"];

    /// <summary>
    /// The address people and clients use, <c>scheme://host[:port]</c>; links, cookies and the origin of forms follow it. Without it they follow
    /// the request, so give it wherever a proxy stands in front, or list the hosts.
    /// </summary>
    public Uri? PublicOrigin { get; init; }

    /// <summary>Host header values served (<c>name</c>, or <c>name:port</c>); empty serves every one.</summary>
    public IReadOnlyCollection<string> AllowedHosts { get; init; } = [];

    /// <summary>Foreign origins that may call <c>/mcp</c> and <c>/api</c> from a browser, <c>scheme://host[:port]</c>. Never the pages.</summary>
    public IReadOnlyCollection<string> AllowedOrigins { get; init; } = [];

    /// <summary>The one tenant that people sign in to; without it the form asks.</summary>
    public string DefaultTenant { get; init; } = "";

    /// <summary>Issuers that clients of <c>/mcp</c> can get tokens from (RFC 9728); empty where tokens are handed out otherwise.</summary>
    public IReadOnlyCollection<Uri> AuthorizationServers { get; init; } = [];

    /// <summary>Hosts that may deliver events to the webhook, as its handshake names them; empty allows every one (they still need a token).</summary>
    public IReadOnlyCollection<string> EventOrigins { get; init; } = [];

    /// <summary>The largest body of <c>/api</c>, 1 KiB to 16 MiB.</summary>
    public int MaxApiBytes { get; init; } = 1024 * 1024;

    /// <summary>The largest body of <c>/mcp</c>, 1 KiB to 64 MiB.</summary>
    public int MaxMcpBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Sign-in attempts per five minutes from one address, and for one user; 1 to 1,000.</summary>
    public int SignInAttempts { get; init; } = 20;

    /// <summary>Tokens exchanged a minute at <c>/token</c> from one address; 1 to 1,000,000. A gateway's clients may share one.</summary>
    public int ExchangesPerAddress { get; init; } = 6000;

    /// <summary>The same of one holder; 1 to 1,000,000.</summary>
    public int ExchangesPerCaller { get; init; } = 600;

    /// <summary>How long a call through <c>/mcp</c> may take; 1 s to 1 h.</summary>
    public TimeSpan CallDeadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// When a call through <c>/mcp</c> that still works is answered with a handle, 100 ms to 10 min from the request's arrival; null waits for its end. Give
    /// it wherever something in front cuts slow answers off, with time to spare.
    /// </summary>
    public TimeSpan? AnswerWithin { get; init; }

    /// <summary>Whether it can be <see cref="PublicOrigin"/>.</summary>
    public static bool IsOrigin(Uri address) => address.IsAbsoluteUri && address is { PathAndQuery: "/", Fragment: "", UserInfo: "", Scheme: "http" or "https" };

    internal void Validate()
    {
        if (PublicOrigin is { } origin && !IsOrigin(origin))
            throw new ArgumentException("The public origin is scheme://host[:port] with http or https, and nothing behind.", nameof(PublicOrigin));
        if (MaxApiBytes is < 1024 or > 16 * 1024 * 1024) throw new ArgumentException("1 KiB to 16 MiB.", nameof(MaxApiBytes));
        if (MaxMcpBytes is < 1024 or > 64 * 1024 * 1024) throw new ArgumentException("1 KiB to 64 MiB.", nameof(MaxMcpBytes));
        if (SignInAttempts is < 1 or > 1000) throw new ArgumentException("1 to 1,000.", nameof(SignInAttempts));
        if (ExchangesPerAddress is < 1 or > 1_000_000) throw new ArgumentException("1 to 1,000,000.", nameof(ExchangesPerAddress));
        if (ExchangesPerCaller is < 1 or > 1_000_000) throw new ArgumentException("1 to 1,000,000.", nameof(ExchangesPerCaller));
        if (CallDeadline < TimeSpan.FromSeconds(1) || CallDeadline > TimeSpan.FromHours(1)) throw new ArgumentException("1 s to 1 h.", nameof(CallDeadline));
        if (AnswerWithin is { } within && (within < TimeSpan.FromMilliseconds(100) || within > TimeSpan.FromMinutes(10))) throw new ArgumentException("100 ms to 10 min.", nameof(AnswerWithin));
    }
}
