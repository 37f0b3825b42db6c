using System.Text.RegularExpressions;

namespace Interlock.Core;

/// <summary>A target that is no tool and leads to one: <c>capability:name</c>, any tool whose operator says that it has it, or <c>route:name</c>.</summary>
public sealed partial record VirtualTarget(bool IsRoute, string Name)
{
    private const string Capability = "capability:";
    private const string Route = "route:";

    /// <summary>The target, or null when the text has the form of neither.</summary>
    public static VirtualTarget? TryParse(string text) =>
        text.StartsWith(Capability, StringComparison.Ordinal) && IsName(text[Capability.Length..]) ? new(false, text[Capability.Length..])
        : text.StartsWith(Route, StringComparison.Ordinal) && IsName(text[Route.Length..]) ? new(true, text[Route.Length..])
        : null;

    public static bool IsName(string name) => Names().IsMatch(name);

    public override string ToString() => (IsRoute ? Route : Capability) + Name;

    [GeneratedRegex(@"^[a-z0-9-]{1,64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Names();
}
