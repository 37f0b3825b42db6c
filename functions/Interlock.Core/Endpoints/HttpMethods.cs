using System.Collections.Immutable;

namespace Interlock.Core.Endpoints;

/// <summary>The methods that registered HTTP endpoints are called with. Each is a tool of its endpoint, <c>server/GET</c>, so that policy and settings speak of each alone.</summary>
public static class HttpMethods
{
    public static ImmutableArray<string> All { get; } = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
}
