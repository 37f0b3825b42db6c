using System.Text.RegularExpressions;

namespace Interlock.Core.Registry.Contracts;

/// <summary>The tools of a tenant's other servers by their full names: one server's contract has no reason to speak of another's.</summary>
internal sealed partial class ForeignTools
{
    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);

    private ForeignTools()
    {
    }

    public static ForeignTools Of(RegistrySnapshot registry, string server)
    {
        var foreign = new ForeignTools();
        foreach (var entry in registry.OfKind(RegistryKind.Tool))
            if (new ToolName(entry.Name) is var name && name.Server != server) foreign._names.Add(Key(name.Server, name.Tool));
        return foreign;
    }

    /// <summary>Where the text first names one, as <c>server/tool</c>, <c>server__tool</c> or <c>mcp__server__tool</c>.</summary>
    public Match? Find(string text) =>
        _names.Count == 0 ? null : Names().Matches(text).FirstOrDefault(match => _names.Contains(Key(match.Groups[1].Value, match.Groups[2].Value)));

    private static string Key(string server, string tool) => $"{server}/{tool}";

    [GeneratedRegex("(?:mcp__)?([a-z0-9-]+)(?:__|/)([a-z0-9_.-]*[a-z0-9_-])", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Names();
}
