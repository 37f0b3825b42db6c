namespace Interlock.Tests.Azure.Durable;

/// <summary>A replay did not do what the history says was done. On a real host the instance fails; here the test does.</summary>
internal sealed class NonDeterministicException(HistoryEvent? recorded, HistoryEvent? replayed)
    : Exception($"The history has {Name(recorded)}, the replay has {Name(replayed)}.")
{
    private static string Name(HistoryEvent? action) => action?.ToString() ?? "nothing there";
}
