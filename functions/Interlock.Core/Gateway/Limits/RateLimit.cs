namespace Interlock.Core.Gateway.Limits;

/// <summary>
/// How many calls: in every span of time at most <see cref="Burst"/> plus <see cref="PerSecond"/> times its length, over all instances together.
/// 0.001 to 10,000 a second; a burst of at least 2 and of six seconds' calls, at most 1,000,000.
/// </summary>
public sealed record RateLimit(double PerSecond, int Burst)
{
    private const int MaxBurst = 1_000_000;

    internal void Validate(string name)
    {
        if (!(PerSecond >= 0.001 && PerSecond <= 10_000)) throw new ArgumentException("0.001 to 10,000 calls a second.", name);
        var least = Math.Max(2, PerSecond * 2 * TokenBucket.Hold.TotalSeconds);
        if (Burst < least || Burst > MaxBurst) throw new ArgumentException($"At {PerSecond} a second the burst is {Math.Ceiling(least)} to {MaxBurst:N0}.", name);
    }
}
