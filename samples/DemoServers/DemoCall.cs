using Interlock.Json;

namespace Interlock.Samples.DemoServers;

/// <summary>A call as a server received it; <see cref="Repeated"/> when it only returned an earlier result again.</summary>
public sealed record DemoCall(string Tool, JsonValue Arguments, string? IdempotencyKey, bool Repeated);

/// <summary>A change that <c>apply</c> made to a service.</summary>
public sealed record DemoChange(string Id, string Service, string Action, string Ticket, string Previous, string Current, bool Reverted);
