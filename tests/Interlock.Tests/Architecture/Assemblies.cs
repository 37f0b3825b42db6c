using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Interlock.Tests.Architecture;

/// <summary>The product's compiled assemblies and its repository, as the tests find them.</summary>
internal static class Assemblies
{
    /// <summary>The assemblies of the product, by file name; the demo servers are a sample, and no part of it.</summary>
    public static readonly string[] Product = ["Interlock.Json", "Interlock.Core", "Interlock.Http", "interlock", "Interlock.Functions"];

    private static readonly Dictionary<string, Lazy<List<Use>>> Scans =
        Product.ToDictionary(name => name, name => new Lazy<List<Use>>(() => IlScan.Of(PathOf(name))));

    public static string Repository { get; } = FindRepository();

    public static string PathOf(string assembly) => Path.Combine(AppContext.BaseDirectory, assembly + ".dll");

    /// <summary>Everything its code mentions.</summary>
    public static IReadOnlyList<Use> Uses(string assembly) => Scans[assembly].Value;

    /// <summary>The assemblies it was compiled against and uses.</summary>
    public static List<string> ReferencesOf(string assembly)
    {
        using var file = File.OpenRead(PathOf(assembly));
        using var image = new PEReader(file);
        var metadata = image.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name)).Order(StringComparer.Ordinal)];
    }

    private static string FindRepository()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "Functions.sln"))) return at.FullName;
        throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}
