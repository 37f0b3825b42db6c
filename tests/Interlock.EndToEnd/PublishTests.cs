using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace Interlock.EndToEnd;

/// <summary>What <c>dotnet publish</c> of the Functions app puts out, from a copy of its sources with a developer's secrets lying about.</summary>
public sealed partial class PublishTests : IDisposable
{
    private const string Secret = "planted-secret-6f1c2e";

    private static readonly string[] _planted =
    [
        "local.settings.json", "functions/Interlock.Functions/local.settings.json", "functions/Interlock.Functions/local.settings.Development.json",
        "functions/Interlock.Functions/users.json", "functions/Interlock.Functions/keys/mac.key", "functions/Interlock.Functions/keys/issuer.pem",
        "functions/Interlock.Functions/.env", ".interlock/users.json", ".interlock/keys/mac.key",
    ];

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("interlock-publish-");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public async Task Publish_App_HasTheHostFileAndNoSecret()
    {
        CopySources();
        foreach (var path in _planted) Write(path, $"secret: {Secret}");

        await PublishAsync();

        var files = Directory.GetFiles(Output, "*", SearchOption.AllDirectories);
        var names = files.Select(file => Path.GetRelativePath(Output, file)).ToList();
        Assert.Contains("Interlock.Functions.dll", names);
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(Repository, "host.json"), Token), await File.ReadAllTextAsync(Path.Combine(Output, "host.json"), Token));
        Assert.DoesNotContain(names, name => SecretName().IsMatch(name));
        Assert.All(files, file => Assert.False(Holds(file, Secret), $"{file} holds a secret."));
        Assert.All(files.Where(IsText), file => Assert.DoesNotMatch(SecretText(), File.ReadAllText(file)));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string Repository { get; } = FindRepository();

    private string Output => Path.Combine(_root.FullName, "published");

    private string Sources => Path.Combine(_root.FullName, "sources");

    private void CopySources()
    {
        foreach (var file in Directory.GetFiles(Repository).Where(file => Path.GetFileName(file) is ".editorconfig" || Path.GetExtension(file) is ".props" or ".json" && !Path.GetFileName(file).StartsWith("local.settings.j", StringComparison.Ordinal)))
            Copy(file);
        foreach (var folder in (string[])["functions", "tests/AzureReference"])
            foreach (var file in Directory.EnumerateFiles(Path.Combine(Repository, folder), "*", SearchOption.AllDirectories).Where(file => !Built().IsMatch(file) && !_planted.Contains(Path.GetRelativePath(Repository, file))))
                Copy(file);
    }

    private void Copy(string file)
    {
        var target = Path.Combine(Sources, Path.GetRelativePath(Repository, file));
        Directory.CreateDirectory(Path.GetDirectoryName(target)!); // a file is in a folder
        File.Copy(file, target);
    }

    private void Write(string path, string text)
    {
        var target = Path.Combine(Sources, path);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!); // a file is in a folder
        File.WriteAllText(target, text);
    }

    private async Task PublishAsync()
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Sources };
        foreach (var argument in (string[])["publish", "functions/Interlock.Functions", "-p:AzureSdk=reference", "-p:RunAnalyzers=false", "-nodeReuse:false", "-o", Output]) start.ArgumentList.Add(argument);
        // What the build that runs this test says about itself is not for another one.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList()) start.Environment.Remove(name);
        using var process = Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start.");
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(Token), process.StandardError.ReadToEndAsync(Token));
        await process.WaitForExitAsync(Token);
        Assert.True(process.ExitCode == 0, await output + await errors);
    }

    private static bool Holds(string file, string text)
    {
        var content = File.ReadAllBytes(file).AsSpan();
        return content.IndexOf(Encoding.UTF8.GetBytes(text)) >= 0 || content.IndexOf(Encoding.Unicode.GetBytes(text)) >= 0;
    }

    private static bool IsText(string file) => Path.GetExtension(file) is not (".dll" or ".pdb" or ".so" or ".dylib" or ".exe" or "");

    private static string FindRepository()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "Functions.sln"))) return at.FullName;
        throw new InvalidOperationException("The tests do not run inside the repository.");
    }

    [GeneratedRegex(@"local\.settings|users\.json|\.key$|\.pem$|\.pfx$|\.env$|secrets\.json", RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();

    [GeneratedRegex(@"AccountKey=|SharedAccessKey=|[?&]sig=|-----BEGIN|""(password|client_?secret)""\s*:\s*""[^""]", RegexOptions.IgnoreCase)]
    private static partial Regex SecretText();

    [GeneratedRegex(@"[\\/](bin|obj)[\\/]")]
    private static partial Regex Built();
}
