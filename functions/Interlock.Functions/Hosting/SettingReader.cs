using Microsoft.Extensions.Configuration;

namespace Interlock.Functions.Hosting;

/// <summary>Reads settings by the names of <see cref="SettingNames"/> and collects what is wrong with them, so that all of it is told at once.</summary>
internal sealed class SettingReader(IConfiguration configuration)
{
    private readonly List<string> _problems = [];

    /// <summary>The setting without spaces around it, or null when it is not given.</summary>
    public string? Text(string name) => configuration[name.Replace("__", ":", StringComparison.Ordinal)]?.Trim() is { Length: > 0 } text ? text : null;

    /// <summary>A GUID in lower case with dashes, as Entra's tokens spell ids; null when it is not given, or is none, which is a problem.</summary>
    public string? Id(string name, string what, bool isRequired)
    {
        if (Text(name) is not { } text)
        {
            if (isRequired) Problem(name, $"is missing: set it to {what}.");
            return null;
        }
        if (Guid.TryParseExact(text, "D", out var id)) return id.ToString("D");
        Problem(name, $"is no GUID: set it to {what}.");
        return null;
    }

    /// <summary>False when it is not given.</summary>
    public bool Flag(string name)
    {
        if (Text(name) is not { } text) return false;
        if (bool.TryParse(text, out var flag)) return flag;
        Problem(name, "is neither true nor false.");
        return false;
    }

    /// <summary>Whether the text is a Key Vault reference that was not resolved, which is a problem.</summary>
    public bool IsUnresolved(string name, string text)
    {
        var unresolved = text.StartsWith("@Microsoft.KeyVault(", StringComparison.OrdinalIgnoreCase);
        if (unresolved) Problem(name, "is a Key Vault reference that was not resolved: give the app's identity the role Key Vault Secrets User, and name that identity in keyVaultReferenceIdentity.");
        return unresolved;
    }

    public void Problem(string name, string problem) => _problems.Add($"{name} {problem}");

    /// <exception cref="SettingsException">There was a problem.</exception>
    public void ThrowIfAny()
    {
        if (_problems.Count > 0) throw new SettingsException([.. _problems]);
    }
}
