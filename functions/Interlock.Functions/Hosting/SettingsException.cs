namespace Interlock.Functions.Hosting;

/// <summary>The app can't be set up as it is configured; each problem names a setting and what to do. No problem repeats a secret.</summary>
internal sealed class SettingsException(IReadOnlyList<string> problems)
    : Exception("The app is not configured; it does not start." + string.Concat(problems.Select(problem => Environment.NewLine + "- " + problem)))
{
    public IReadOnlyList<string> Problems { get; } = problems;
}
