namespace Interlock.Core.Endpoints;

/// <summary>
/// A target that names no registered thing but where one is, as the DSL's own calls do: <c>http:METHOD</c> with the endpoint among the arguments,
/// <c>mcp:URL#NAME</c> and <c>a2a:URL</c>. The gateway finds what is registered there, and nothing else is called.
/// </summary>
public abstract record EndpointTarget
{
    private const string HttpPrefix = "http:";
    private const string McpPrefix = "mcp:";
    private const string A2aPrefix = "a2a:";

    private EndpointTarget()
    {
    }

    /// <summary>The target, or null when the text has the form of none.</summary>
    public static EndpointTarget? TryParse(string text)
    {
        if (text.StartsWith(HttpPrefix, StringComparison.Ordinal) && HttpMethods.All.Contains(text[HttpPrefix.Length..])) return new Http(text[HttpPrefix.Length..]);
        if (text.StartsWith(A2aPrefix, StringComparison.Ordinal)) return new A2a(text[A2aPrefix.Length..]);
        return text.StartsWith(McpPrefix, StringComparison.Ordinal) && text.LastIndexOf('#') is > 0 and var hash ? new Mcp(text[McpPrefix.Length..hash], text[(hash + 1)..]) : null;
    }

    /// <summary>A request of a method; where it goes is what <see cref="HttpArguments"/> makes of the arguments.</summary>
    public sealed record Http(string Method) : EndpointTarget
    {
        public override string ToString() => HttpPrefix + Method;
    }

    /// <summary>A tool, or an operation (<see cref="Gateway.UpstreamOperations"/>), of the MCP server at a URL.</summary>
    public sealed record Mcp(string Url, string Name) : EndpointTarget
    {
        public override string ToString() => $"{McpPrefix}{Url}#{Name}";
    }

    /// <summary>The agent at a URL, or whose card is there.</summary>
    public sealed record A2a(string Url) : EndpointTarget
    {
        /// <summary>The one method that is called.</summary>
        public const string Method = "message/send";

        public override string ToString() => A2aPrefix + Url;
    }
}
