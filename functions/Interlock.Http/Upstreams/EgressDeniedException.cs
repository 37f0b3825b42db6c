namespace Interlock.Http.Upstreams;

/// <summary>The address is not one we may connect to (rule <c>egress-denied</c>). Nothing was sent.</summary>
public sealed class EgressDeniedException(string message) : Exception(message);
