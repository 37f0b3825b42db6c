using Interlock.Core.Gateway;
using Interlock.Json;

namespace Interlock.Core.Registry.Contracts;

/// <summary>
/// What a server shows in place of a contract that was registered, kept beside it for whoever decides. A contract of more than <see cref="MaxBytes"/> is
/// only named: what a server shows must not keep its tool from being quarantined.
/// </summary>
public sealed record ShownContract(string Digest, DateTimeOffset At)
{
    public const int MaxBytes = 64 * 1024;

    private const int MaxRow = 800 * 1024;
    private const int MaxInstructions = 16 * 1024;

    public JsonValue? Contract { get; init; }

    /// <summary>The server's instructions, as far as they fit an excerpt.</summary>
    public string? Instructions { get; init; }

    /// <summary>What is shown in place of an entry's contract; both are in one row.</summary>
    internal static ShownContract Of(RegistryEntry entry, ToolContract tool, string? instructions, DateTimeOffset at) => new(tool.Digest, at)
    {
        Contract = CanonicalJson.Serialize(tool.Raw).Length <= Math.Min(MaxBytes, MaxRow - CanonicalJson.Serialize(entry.Body).Length) ? tool.Raw : null,
        Instructions = instructions is null ? null : Excerpt.Of(instructions, MaxInstructions),
    };
}
