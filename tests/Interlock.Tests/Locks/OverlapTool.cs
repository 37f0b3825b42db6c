using Interlock.Json;

namespace Interlock.Tests.Locks;

/// <summary>A tool that sees how many are in it at once, and calls whose number is below one that it saw.</summary>
internal sealed class OverlapTool
{
    private readonly Lock _lock = new();
    private int _inside;
    private long _highest;

    public int Most { get; private set; }
    public int Calls { get; private set; }
    public int Late { get; private set; }

    public async Task WorkAsync(JsonValue fence)
    {
        lock (_lock)
        {
            Calls++;
            Most = Math.Max(Most, ++_inside);
            var number = (long)fence.AsNumber();
            if (number < _highest) Late++;
            _highest = Math.Max(_highest, number);
        }
        for (var i = 0; i < 20; i++) await Task.Yield();
        lock (_lock) _inside--;
    }
}
