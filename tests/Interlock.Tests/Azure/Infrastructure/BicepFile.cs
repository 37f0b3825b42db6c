using System.Text.RegularExpressions;
using Interlock.Tests.Architecture;

namespace Interlock.Tests.Azure.Infrastructure;

/// <summary>A resource or module: its type or path, and the text between its braces.</summary>
internal sealed record BicepBlock(string Name, string Target, bool Existing, string Body)
{
    /// <summary>Names of the properties right inside the braces.</summary>
    public string[] Properties => BicepFile.PropertiesOf(Body);

    /// <summary>The text between the braces of a property that is an object, or empty.</summary>
    public string Object(string property) =>
        Regex.Match(Body, $@"^  {property}: \{{", RegexOptions.Multiline) is { Success: true } at ? BicepFile.Braces(Body, at.Index + at.Length - 1) : "";
}

/// <summary>What the checks over the text need of a Bicep file: its declarations, by the layout that all of ours have (declarations at the line's start, two spaces a level).</summary>
internal sealed class BicepFile
{
    private BicepFile(string path)
    {
        Path = path;
        Text = Regex.Replace(File.ReadAllText(path), @"^\s*//.*$", "", RegexOptions.Multiline);
        Blocks = [.. Regex.Matches(Text, @"^(?<kind>resource|module) (?<name>\w+) '(?<target>[^']+)' (?<existing>existing )?=[^{\n]*\{", RegexOptions.Multiline)
            .Select(at => (Kind: at.Groups["kind"].Value, Block: new BicepBlock(
                at.Groups["name"].Value, at.Groups["target"].Value, at.Groups["existing"].Success, Braces(Text, at.Index + at.Length - 1))))];
    }

    public static string Folder { get; } = System.IO.Path.Combine(Assemblies.Repository, "infra", "bicep");

    public static IReadOnlyList<BicepFile> All { get; } =
        [.. Directory.GetFiles(Folder, "*.bicep", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(path => new BicepFile(path))];

    public static BicepFile Main => Named("main.bicep");

    public string Path { get; }

    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>Without comments.</summary>
    public string Text { get; }

    public IEnumerable<BicepBlock> Resources => Blocks.Where(block => block.Kind == "resource").Select(block => block.Block);

    public IEnumerable<BicepBlock> Modules => Blocks.Where(block => block.Kind == "module").Select(block => block.Block);

    /// <summary>Each parameter, and whether it must be given.</summary>
    public Dictionary<string, bool> Parameters =>
        Regex.Matches(Text, @"^param (\w+) \w+(?<default> =)?", RegexOptions.Multiline).ToDictionary(at => at.Groups[1].Value, at => !at.Groups["default"].Success);

    /// <summary>Each output and its expression.</summary>
    public Dictionary<string, string> Outputs =>
        Regex.Matches(Text, @"^output (\w+) \w+ = (.+)$", RegexOptions.Multiline).ToDictionary(at => at.Groups[1].Value, at => at.Groups[2].Value);

    private (string Kind, BicepBlock Block)[] Blocks { get; }

    public static BicepFile Named(string name) => All.Single(file => file.Name == name);

    public static string[] PropertiesOf(string body) =>
        [.. Regex.Matches(body, @"^(?<indent> *)(?<name>\w+|'[^']+'):", RegexOptions.Multiline)
            .Where((at, _) => at.Groups["indent"].Length == Indent(body)).Select(at => at.Groups["name"].Value.Trim('\''))];

    /// <summary>The text between the brace at <paramref name="open"/> and the one that closes it.</summary>
    public static string Braces(string text, int open)
    {
        for (int at = open, depth = 0; at < text.Length; at++)
        {
            depth += text[at] switch { '{' => 1, '}' => -1, _ => 0 };
            if (depth == 0) return text[(open + 1)..at];
        }
        throw new FormatException("A brace that nothing closes.");
    }

    private static int Indent(string body) => Regex.Match(body, @"^ *(?=\S)", RegexOptions.Multiline).Length;
}
