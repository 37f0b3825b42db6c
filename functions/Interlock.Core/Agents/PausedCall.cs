using Interlock.Json;

namespace Interlock.Core.Agents;

/// <summary>A tool and the arguments that an agent wanted it called with.</summary>
public sealed record PausedCall(string Tool, JsonValue Arguments);
