using Interlock.Json;

namespace Interlock.Core.Runs;

/// <summary>What expressions read in the place of the run's own context and input.</summary>
internal sealed record FrameSources(JsonValue Context, JsonValue Input);
