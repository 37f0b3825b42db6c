using System.Text.RegularExpressions;
using Interlock.Json;

namespace Interlock.Tests.Azure.Parity;

/// <summary>What was seen of a host, by name, in the order of seeing. Only what is random by design or names the host's port is taken out.</summary>
internal sealed partial class Sightings
{
    private readonly List<(string Name, string Text)> _seen = [];

    public int Count => _seen.Count;

    public void Add(string name, JsonValue value) => Add(name, value.ToString());

    public void Add(string name, string text) => _seen.Add((name, text));

    /// <summary>The text of each, for a host that was reached under this address.</summary>
    public IReadOnlyList<(string Name, string Text)> Of(Uri address) =>
        [.. _seen.Select(seen => (seen.Name, FormToken().Replace(seen.Text.Replace(address.GetLeftPart(UriPartial.Authority), "http://host", StringComparison.Ordinal), "$1random$2")))];

    /// <summary>
    /// Registering draws a random id, and it is in the digests of registrations, of what is bound to them and of what is chained to that. A digest, or such
    /// an id, that only one host knows is written as the number of its first appearance: where one host says the same twice, so must the other.
    /// </summary>
    public static (IReadOnlyList<(string Name, string Text)> One, IReadOnlyList<(string Name, string Text)> Other) Numbered(
        IReadOnlyList<(string Name, string Text)> one, IReadOnlyList<(string Name, string Text)> other)
    {
        var (ofOne, ofOther) = (DigestsOf(one), DigestsOf(other));
        return (Number(one, ofOther), Number(other, ofOne));
    }

    private static HashSet<string> DigestsOf(IReadOnlyList<(string Name, string Text)> seen) =>
        [.. seen.SelectMany(sighting => Digest().Matches(sighting.Text)).Select(match => match.Value)];

    private static List<(string Name, string Text)> Number(IReadOnlyList<(string Name, string Text)> seen, HashSet<string> known)
    {
        var numbers = new Dictionary<string, string>(StringComparer.Ordinal);
        string Numbered(Match match)
        {
            if (known.Contains(match.Value)) return match.Value;
            if (!numbers.TryGetValue(match.Value, out var number)) numbers.Add(match.Value, number = $"digest {numbers.Count + 1}");
            return number;
        }
        return [.. seen.Select(sighting => (sighting.Name, Digest().Replace(sighting.Text, Numbered)))];
    }

    [GeneratedRegex("sha256:[0-9a-f]{64}|(?<=\"registrationId\":\")[0-9a-f]{32}")]
    private static partial Regex Digest();

    [GeneratedRegex("(<input type=\"hidden\" name=\"antiforgery\" value=\")[^\"]*(\")")]
    private static partial Regex FormToken();
}
